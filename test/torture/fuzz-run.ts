import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { setCanary } from './canary.ts';
import { makeCorpus } from './corpus.ts';
import { startEncoderProcess } from './encoder-process.ts';
import { fuzzOnce } from './fuzz.ts';
import type { FuzzResult } from './fuzz.ts';

const AT_ONCE = 2;

export interface FuzzPlan {
  readonly seed: number;
  readonly cases: number;
  /** No new case after this time. */
  readonly forMs: number;
  /** Without the sandbox: the whitelists alone must hold. */
  readonly tools?: readonly string[];
  readonly onCase?: (line: string) => void;
}

export interface FuzzReport {
  readonly sandbox: string;
  /** Whether a read of the canary file would have been seen. */
  readonly seesReads: boolean;
  readonly cases: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowest: string;
  readonly peakMib: { readonly server: number; readonly ffmpeg: number };
  readonly bad: readonly FuzzResult[];
}

/** Case n of a run has the seed `seed + n`, so each can be repeated alone. */
export async function runFuzz(plan: FuzzPlan): Promise<FuzzReport> {
  const folder = await mkdtemp(join(tmpdir(), 'streamgate-fuzz-'));
  const corpus = await makeCorpus(folder);
  const canary = await setCanary(join(folder, 'canary.ts'));
  const encoder = await startEncoderProcess({
    folder,
    slots: AT_ONCE,
    ...(plan.tools !== undefined && { tools: plan.tools }),
  });
  const results: FuzzResult[] = [];
  const until = performance.now() + plan.forMs;
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < plan.cases && performance.now() < until && !encoder.hasEnded()) {
      const seed = plan.seed + next++;
      const result = await fuzzOnce({ encoder, corpus, canary, seed });
      results.push(result);
      plan.onCase?.(describe(result));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await encoder.stop();
    canary.close();
    await rm(folder, { recursive: true, force: true });
  }
  const { sandbox, peakMib } = encoder;
  return { sandbox, seesReads: canary.seesReads, peakMib, ...summaryOf(results) };
}

function describe({ seed, name, outcome, elapsedMs, problems }: FuzzResult): string {
  const lines = [`seed ${seed}: ${name}, ${outcome}, ${Math.round(elapsedMs)} ms`, ...problems];
  return lines.join('\n  ');
}

function summaryOf(
  results: readonly FuzzResult[],
): Omit<FuzzReport, 'sandbox' | 'seesReads' | 'peakMib'> {
  const outcomes: Record<string, number> = {};
  for (const { outcome } of results) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const sorted = results.toSorted((a, b) => a.elapsedMs - b.elapsedMs);
  const at = (share: number): number =>
    Math.round(sorted[Math.floor((sorted.length - 1) * share)]?.elapsedMs ?? 0);
  const last = sorted.at(-1);
  return {
    cases: results.length,
    outcomes,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    slowest:
      last === undefined ? '' : `seed ${last.seed}, ${last.name}, ${Math.round(last.elapsedMs)} ms`,
    bad: results.filter(({ problems }) => problems.length > 0),
  };
}
