import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { makeCorpus } from './corpus.ts';
import { runFaults } from './fault-run.ts';
import { FAULT_NAMES } from './fault.ts';
import { fuzzParsers } from './fuzz-parsers.ts';
import { runFuzz } from './fuzz-run.ts';

// The short form of `npm run torture`, always with the same seeds. Budgets end it on a slow machine, not the assertions.
const SEED = 20_261_124;
const FUZZ_MS = 25_000;
const FAULT_MS = 40_000;
const TIMEOUT_MS = 240_000;

test('a damaged fragmented MP4 is read or clearly refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'streamgate-parsers-'));
  const corpus = await makeCorpus(folder);
  await rm(folder, { recursive: true });
  const fragmented = corpus.get('fragmented.mp4') ?? Buffer.alloc(0);
  for (let seed = SEED; seed < SEED + 2000; seed += 1) fuzzParsers(fragmented, seed);
});

test.each([
  ['in the sandbox', undefined],
  ['behind the whitelists alone', ['prlimit', 'setpriv']],
])(
  'damaged files %s: no crash, no hang, no escape, a clear answer',
  async (_name, tools) => {
    const plan = { seed: SEED, cases: 60, forMs: FUZZ_MS };
    const report = await runFuzz({ ...plan, ...(tools !== undefined && { tools }) });
    expect(report.bad).toEqual([]);
    expect(report.cases).toBeGreaterThan(0);
    expect(report.peakMib.server).toBeLessThan(512);
    expect(report.peakMib.ffmpeg).toBeLessThan(1024);
  },
  TIMEOUT_MS,
);

test(
  'whatever breaks, nothing wrong is called ready',
  async () => {
    const report = await runFaults({ seed: 0, jobs: FAULT_NAMES.length, forMs: FAULT_MS });
    expect(report.bad).toEqual([]);
    expect(report.jobs).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
