import type { BenchOptions } from './figure.ts';
import { median } from './figure.ts';
import type { Target } from './load.ts';
import { sampleServer } from './servers.ts';
import type { Sample, Servers } from './servers.ts';

const SECONDS = 6;
const QUICK_SECONDS = 2;

/** An address under load, and the bytes that it must answer with. */
export interface Side extends Target {
  readonly expected: Uint8Array;
}

export type Samples = Readonly<Record<string, readonly Sample[]>>;

/** A-B-C-A-B-C, so that what the machine does meanwhile meets all sides alike. */
export async function interleave(
  servers: Servers,
  { quick, repeats, say }: BenchOptions,
  sides: Readonly<Record<string, Side>>,
): Promise<Samples> {
  const samples: Record<string, Sample[]> = {};
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  // Once unmeasured: the isolate starts and compiles, caches fill.
  for (const side of Object.values(sides))
    await sampleServer(servers, side, side.expected, seconds);
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const [name, side] of Object.entries(sides))
      (samples[name] ??= []).push(await sampleServer(servers, side, side.expected, seconds));
    say(describe(samples));
  }
  return samples;
}

/** One value a round: ours ÷ the peer's. */
export function ratios(
  samples: Samples,
  [ours, peer]: readonly [string, string],
  pick: (sample: Sample) => number,
): number[] {
  return (samples[ours] ?? []).map(
    (sample, round) => pick(sample) / pick(samples[peer]?.[round] ?? NOTHING),
  );
}

const NOTHING: Sample = { requestsPerSecond: NaN, cpuMicros: NaN, nginxMicros: NaN };

/** The absolute figures behind the ratios. */
export function describe(samples: Samples): string {
  const of = (list: readonly Sample[], pick: (one: Sample) => number): string =>
    median(list.map(pick)).toFixed(0);
  const parts = Object.entries(samples).map(([name, list]) => {
    const cpu = of(list, (one) => one.cpuMicros);
    const nginx = of(list, (one) => one.nginxMicros);
    const inWorkerd = ['product', 'bare', 'hono'].includes(name)
      ? `, ${nginx} of it in the store`
      : '';
    return `${name} ${of(list, (one) => one.requestsPerSecond)}/s, ${cpu} µs${inWorkerd}`;
  });
  return parts.join('; ');
}
