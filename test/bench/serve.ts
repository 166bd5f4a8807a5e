import type { Benchmark, BenchOptions, Figure } from './figure.ts';
import { describe, interleave, ratios } from './interleave.ts';
import { putSigned } from './playback-fixture.ts';
import { signedPath } from './store-nginx.ts';
import { requireGuarded, withServers } from './servers.ts';
import type { Sample, Servers } from './servers.ts';

const LIMIT = 1.5;

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
  const fetched = signed.replace('/signed/', '/fetched/');
  const samples = await interleave(servers, options, {
    product: { url: `${servers.product}${path}`, expected: segment },
    disk: { url: addressOf(servers, signed), expected: segment },
    fetched: { url: addressOf(servers, fetched), expected: segment },
    bare: { url: servers.bare, expected: segment },
  });
  const ratio = (peer: string): number[] => ratios(samples, ['product', peer], cpuOf);
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
  const samples = await interleave(servers, options, {
    product: { url, expected },
    disk: { url: disk, expected },
  });
  return [
    {
      name: `CPU per request of a signed ${what} of 600 segments ÷ nginx secure_link, from its disk`,
      values: ratios(samples, ['product', 'disk'], cpuOf),
      note: `${expected.byteLength} bytes; ${describe(samples)}`,
    },
  ];
}

function addressOf(servers: Servers, path: string): string {
  return `${servers.peer}${signedPath(path, servers.secret, Math.floor(Date.now() / 1000))}`;
}

function cpuOf({ cpuMicros }: Sample): number {
  return cpuMicros;
}
