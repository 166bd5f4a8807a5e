import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { planVideoLadder } from '../../src/media/ladder.ts';
import { runJob } from './encode-job.ts';
import type { JobUse } from './encode-job.ts';
import { startEncoder } from './encoder-process.ts';
import type { EncoderProcess } from './encoder-process.ts';
import type { Benchmark, BenchOptions, Figure } from './figure.ts';
import { makeHostileFiles } from './hostile-files.ts';

const GIB = 2 ** 30;
const MB = 1e6;
/** CPU seconds that any file may cost, and those that a minute of declared length adds. */
const CPU_SECONDS = 60;
const CPU_SECONDS_A_MINUTE = 30;

export const hostileBenchmark: Benchmark = {
  name: 'hostile',
  title: 'What the worst file can take from the encoder',
  programs: ['ffmpeg', 'ffprobe'],
  run: measure,
};

/** What one file took. */
interface Damage {
  readonly name: string;
  readonly peakBytes: number;
  readonly cpuSeconds: number;
  readonly outputBytes: number;
  readonly uploadedMb: number;
  /** As the probe found it; 0 when it refused the file. */
  readonly declaredSeconds: number;
  readonly ladderBps: number;
  readonly outcome: string;
}

async function measure(options: BenchOptions): Promise<Figure[]> {
  const files = await makeHostileFiles(join(options.folder, 'hostile'), options.quick);
  const damages: Damage[] = [];
  for (const file of files) {
    const damage = await damageOf(file, join(options.folder, 'output', basename(file)));
    options.say(describe(damage));
    damages.push(damage);
  }
  return [
    worstOf(damages, 'memory of the encoder, worst file', 1, 'GiB', (one) => one.peakBytes / GIB),
    worstOf(damages, 'CPU of the worst file ÷ (60 s + 30 s a declared minute)', 1, '', cpuShare),
    worstOf(damages, 'output of the worst file ÷ (ladder bitrate × length)', 4, '', outputShare),
    worstOf(damages, 'CPU s per uploaded MB, worst file', undefined, 's/MB', cpuPerMb),
    worstOf(damages, 'output MB per uploaded MB, worst file', undefined, '', outputPerMb),
  ];
}

/** The encoder is a fresh process for each file, so that one file's memory is not counted for the next. */
async function damageOf(file: string, folder: string): Promise<Damage> {
  const encoder = await startEncoder();
  try {
    return await watchJob(encoder, file, folder);
  } finally {
    await encoder.stop();
  }
}

async function watchJob(encoder: EncoderProcess, file: string, folder: string): Promise<Damage> {
  const job = await runJob(encoder, file, folder);
  const video = job.facts?.video;
  const ladder = video ? planVideoLadder(video) : [];
  return {
    name: basename(file),
    peakBytes: job.peakBytes,
    cpuSeconds: job.cpuSeconds,
    outputBytes: await bytesIn(folder),
    uploadedMb: (await stat(file)).size / MB,
    declaredSeconds: job.facts?.durationSeconds ?? 0,
    ladderBps: ladder.reduce((sum, { maxBitrateBps }) => sum + maxBitrateBps, 0),
    outcome: outcomeOf(job),
  };
}

function cpuShare({ cpuSeconds, declaredSeconds }: Damage): number {
  return cpuSeconds / (CPU_SECONDS + (CPU_SECONDS_A_MINUTE * declaredSeconds) / 60);
}

function outputShare({ outputBytes, ladderBps, declaredSeconds }: Damage): number {
  return outputBytes === 0 ? 0 : (outputBytes * 8) / (ladderBps * declaredSeconds);
}

function cpuPerMb({ cpuSeconds, uploadedMb }: Damage): number {
  return cpuSeconds / uploadedMb;
}

function outputPerMb({ outputBytes, uploadedMb }: Damage): number {
  return outputBytes / MB / uploadedMb;
}

function worstOf(
  damages: readonly Damage[],
  name: string,
  limit: number | undefined,
  unit: string,
  pick: (damage: Damage) => number,
): Figure {
  const worst = damages.toSorted((a, b) => pick(b) - pick(a))[0];
  return {
    name,
    values: damages.map(pick),
    worst: true,
    unit,
    ...(limit !== undefined && { limit }),
    ...(worst !== undefined && { note: describe(worst) }),
  };
}

function outcomeOf({ tasks }: JobUse): string {
  const last = tasks.at(-1);
  return last?.outcome.type === 'failure' ? `${last.outcome.code} in ${last.id}` : 'ready';
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => {
      const entry = await stat(join(folder, name));
      return entry.isFile() ? entry.size : 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function describe(one: Damage): string {
  const took = `${one.cpuSeconds.toFixed(1)} CPU s, ${(one.peakBytes / GIB).toFixed(2)} GiB`;
  const output = `${(one.outputBytes / MB).toFixed(2)} MB out of ${one.uploadedMb.toFixed(2)} MB`;
  return `${one.name}: ${took}, ${output}, ${one.declaredSeconds.toFixed(0)} s, ${one.outcome}`;
}
