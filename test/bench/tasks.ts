import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { SourceFacts } from '../../src/contracts/media.ts';
import { planVideoLadder } from '../../src/media/ladder.ts';
import { totalFrames } from '../../src/media/timeline.ts';
import { runDirect } from './direct-run.ts';
import type { DirectUse } from './direct-run.ts';
import { joinRenditions, requireSuccess, runJob } from './encode-job.ts';
import type { JobUse } from './encode-job.ts';
import { startEncoder } from './encoder-process.ts';
import type { Benchmark, BenchOptions, Figure } from './figure.ts';
import { median } from './figure.ts';
import { naturalSource } from './natural-source.ts';
import { probeSource } from './probe-source.ts';
import { measureQuality } from './quality.ts';
import type { RenditionQuality } from './quality.ts';

/** One round of the same source: as one command, and as the product's tasks. */
interface Round {
  readonly direct: DirectUse;
  readonly job: JobUse;
}

export const tasksBenchmark: Benchmark = {
  name: 'tasks',
  title: 'CPU and quality of a job cut into tasks against one direct ffmpeg run',
  programs: ['ffmpeg', 'ffprobe'],
  run: measure,
};

async function measure(options: BenchOptions): Promise<Figure[]> {
  const source = await naturalSource(options.seconds, options.say);
  const facts = await probeSource(source, join(options.folder, 'probe'));
  const rounds: Round[] = [];
  for (let repeat = 0; repeat < options.repeats; repeat++) {
    const folder = folderOf(options, repeat);
    await mkdir(join(folder, 'direct'), { recursive: true });
    const direct = await runDirect(source, facts, join(folder, 'direct'));
    const job = await runTasks(source, folder);
    options.say(`tasks ${job.cpuSeconds.toFixed(1)} CPU s, direct ${direct.cpuSeconds.toFixed(1)}`);
    rounds.push({ direct, job });
  }
  const quality = await qualityFigures(source, facts, folderOf(options, 0));
  return [cpuFigure(rounds, options.seconds), ...quality];
}

function folderOf({ folder }: BenchOptions, repeat: number): string {
  return join(folder, `round-${repeat}`);
}

/** The encoder is a fresh process each time, so that nothing of the last round is warm. */
async function runTasks(source: string, folder: string): Promise<JobUse> {
  const encoder = await startEncoder();
  try {
    const job = await runJob(encoder, source, join(folder, 'tasks'));
    requireSuccess(job);
    await joinRenditions(job, join(folder, 'tasks'), join(folder, 'product'));
    return job;
  } finally {
    await encoder.stop();
  }
}

function cpuFigure(rounds: readonly Round[], seconds: number): Figure {
  const kinds = [...new Set(rounds.flatMap(({ job }) => job.tasks.map(({ kind }) => kind)))];
  const parts = kinds.map((kind) => {
    const used = rounds.map(({ job }) => cpuOf(job, kind));
    return `${kind} ${median(used).toFixed(1)}`;
  });
  const direct = median(rounds.map((round) => round.direct.cpuSeconds)).toFixed(1);
  const server = median(rounds.map(({ job }) => serverCpuOf(job))).toFixed(1);
  return {
    name: `CPU of a job's tasks ÷ one direct ffmpeg run, ${seconds} s of 1080p30`,
    values: rounds.map(({ job, direct: { cpuSeconds } }) => job.cpuSeconds / cpuSeconds),
    limit: 1.05,
    note: `CPU s: ${parts.join(', ')} (${server} of all in the server itself); direct ${direct}`,
  };
}

function cpuOf({ tasks }: JobUse, kind: string): number {
  return tasks
    .filter((task) => task.kind === kind)
    .reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}

function serverCpuOf({ tasks }: JobUse): number {
  return tasks.reduce((sum, { serverCpuSeconds }) => sum + serverCpuSeconds, 0);
}

interface Pair {
  readonly name: string;
  readonly ssimLost: number;
  /** Bytes of the product ÷ bytes of the direct run. */
  readonly bytes: number;
}

/** Encoding the same frames again gives the same bytes, so the first round speaks for all. */
async function qualityFigures(
  source: string,
  { video }: SourceFacts,
  folder: string,
): Promise<Figure[]> {
  if (video === undefined) return [];
  const compare = (side: string): Promise<RenditionQuality[]> =>
    measureQuality(source, planVideoLadder(video), join(folder, side), totalFrames(video));
  const pairs = pair(await compare('product'), await compare('direct'));
  return [
    {
      name: 'SSIM lost against the direct run, worst rendition',
      values: pairs.map(({ ssimLost }) => ssimLost),
      worst: true,
      limit: 0.002,
      note: pairs.map(({ name, ssimLost }) => `${name} ${ssimLost.toFixed(4)}`).join(', '),
    },
    {
      name: 'bytes against the direct run, worst rendition, ± %',
      values: pairs.map(({ bytes }) => 100 * Math.abs(bytes - 1)),
      worst: true,
      limit: 3,
      note: pairs
        .map(({ name, bytes }) => `${name} ${(100 * (bytes - 1)).toFixed(2)} %`)
        .join(', '),
    },
  ];
}

function pair(product: readonly RenditionQuality[], direct: readonly RenditionQuality[]): Pair[] {
  return product.map(({ name, ssim, bytes }) => {
    const peer = direct.find((each) => each.name === name);
    if (peer === undefined) throw new Error(`the direct run has no ${name}`);
    return { name, ssimLost: peer.ssim - ssim, bytes: bytes / peer.bytes };
  });
}
