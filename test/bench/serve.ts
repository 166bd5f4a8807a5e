import type { Benchmark, BenchOptions, Figure } from './figure.ts';
import { median } from './figure.ts';
import { putSigned } from './playback-fixture.ts';
import { signedPath } from './store-nginx.ts';
import { requireGuarded, sampleServer, withServers } from './servers.ts';
import type { Sample, Servers } from './servers.ts';

const LIMIT = 1.5;
const SECONDS = 6;
const QUICK_SECONDS = 2;

export const serveBenchmark: Benchmark = {
  name: 'serve',
  title: 'CPU of signed playback on raw workerd against nginx with secure_link',
  programs: ['nginx'],
  run: async (options) => withServers(options.folder, (servers) => measure(servers, options)),
};

async function measure(servers: Servers, options: BenchOptions): Promise<Figure[]> {
  const { segmentPath, playlistPath, dashPath } = servers.video;
  return [
    ...(await compareSegment(servers, segmentPath, options)),
    ...(await compareManifest(servers, 'HLS playlist', playlistPath, options)),
    ...(await compareManifest(servers, 'DASH manifest', dashPath, options)),
  ];
}

/** Against nginx with the file on its disk, nginx that fetches as the product must, and a Worker that checks nothing. */
async function compareSegment(
  servers: Servers,
  path: string,
  options: BenchOptions,
): Promise<Figure[]> {
  const { segment } = servers.video;
  const signed = await putSigned(servers.folder, 'segment.m4s', segment);
  await requireGuarded(servers, path, signed);
  const samples = await interleave(servers, options, segment, {
    product: `${servers.product}${path}`,
    disk: addressOf(servers, signed),
    fetched: addressOf(servers, signed.replace('/signed/', '/fetched/')),
    bare: servers.bare,
  });
  const ratio = (peer: string): number[] => ratios(samples['product'], samples[peer]);
  const what = 'CPU per request of a signed 1 MiB segment ÷';
  return [
    {
      name: `${what} nginx secure_link, from its disk`,
      values: ratio('disk'),
      limit: LIMIT,
      note: describe(samples),
    },
    { name: `${what} nginx secure_link, from an HTTP store`, values: ratio('fetched') },
    { name: `${what} a Worker that only hands the bytes on`, values: ratio('bare') },
  ];
}

/** A manifest against nginx with the very same bytes on its disk; nothing when the product has no such manifest. */
async function compareManifest(
  servers: Servers,
  what: string,
  path: string,
  options: BenchOptions,
): Promise<Figure[]> {
  const url = `${servers.product}${path}`;
  const response = await fetch(url);
  const expected = new Uint8Array(await response.arrayBuffer());
  if (response.status === 404) {
    options.say(`${what}: the product has none`);
    return [];
  }
  const signed = await putSigned(servers.folder, path.split('/').at(-1) ?? '', expected);
  const disk = addressOf(servers, signed);
  const samples = await interleave(servers, options, expected, { product: url, disk });
  return [
    {
      name: `CPU per request of a signed ${what} of 600 segments ÷ nginx secure_link, from its disk`,
      values: ratios(samples['product'], samples['disk']),
      note: `${expected.byteLength} bytes; ${describe(samples)}`,
    },
  ];
}

type Samples = Readonly<Record<string, readonly Sample[]>>;

/** A-B-C-A-B-C, so that what the machine does meanwhile meets all sides alike. */
async function interleave(
  servers: Servers,
  { quick, repeats, say }: BenchOptions,
  expected: Uint8Array,
  urls: Readonly<Record<string, string>>,
): Promise<Samples> {
  const samples: Record<string, Sample[]> = {};
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  // Once unmeasured: the isolate starts and compiles, caches fill.
  for (const url of Object.values(urls)) await sampleServer(servers, url, expected, seconds);
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const [name, url] of Object.entries(urls))
      (samples[name] ??= []).push(await sampleServer(servers, url, expected, seconds));
    say(describe(samples));
  }
  return samples;
}

function ratios(ours: readonly Sample[] = [], peers: readonly Sample[] = []): number[] {
  return ours.map(({ cpuMicros }, index) => cpuMicros / (peers[index]?.cpuMicros ?? NaN));
}

function addressOf(servers: Servers, path: string): string {
  return `${servers.peer}${signedPath(path, servers.secret, Math.floor(Date.now() / 1000))}`;
}

function describe(samples: Samples): string {
  const of = (list: readonly Sample[], pick: (one: Sample) => number): string =>
    median(list.map(pick)).toFixed(0);
  const parts = Object.entries(samples).map(([name, list]) => {
    const cpu = of(list, (one) => one.cpuMicros);
    const nginx = of(list, (one) => one.nginxMicros);
    const inWorkerd = name === 'product' || name === 'bare' ? `, ${nginx} of it in the store` : '';
    return `${name} ${of(list, (one) => one.requestsPerSecond)}/s, ${cpu} µs${inWorkerd}`;
  });
  return parts.join('; ');
}
