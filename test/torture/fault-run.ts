import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { getPlatformProxy } from 'wrangler';

import { findProgram } from '../../containers/transcoder/find-program.ts';
import { ffmpeg } from '../unit/encoder-harness.ts';
import { startEncoderProcess } from './encoder-process.ts';
import { faultOf, faultyFfmpeg } from './fault.ts';
import { FaultedJob } from './faulted-job.ts';
import type { World } from './faulted-job.ts';
import { FaultStore } from './fault-store.ts';
import { createRandom } from './random.ts';

export interface FaultPlan {
  readonly seed: number;
  readonly jobs: number;
  /** No new job after this time. */
  readonly forMs: number;
  readonly onJob?: (line: string) => void;
}

export interface FaultReport {
  readonly jobs: number;
  /** For each fault: how many jobs ended ready with the right bytes, in an error, and falsely. */
  readonly outcomes: Readonly<Record<string, FaultOutcomes>>;
  /** Seeds of the jobs that were called ready with other bytes than those of a run without faults, or never ended. */
  readonly bad: readonly string[];
}

interface FaultOutcomes {
  ready: number;
  error: number;
  bad: number;
}

/** Job n has the seed `seed + n` and the fault of that number. */
export async function runFaults(plan: FaultPlan): Promise<FaultReport> {
  const folder = await mkdtemp(join(tmpdir(), 'streamgate-faults-'));
  const proxy = await getPlatformProxy<{ MEDIA: R2Bucket }>({
    configPath: join(import.meta.dirname, 'bucket.toml'),
    persist: { path: join(folder, 'state') },
  });
  await writeFile(join(folder, 'order'), '\n');
  const source = await makeSource(folder);
  const store = new FaultStore(proxy.env.MEDIA, source);
  await store.start();
  const encoder = await startEncoderProcess({
    folder,
    slots: 1,
    tools: ['prlimit', 'setpriv'],
    ffmpeg: faultyFfmpeg((await findProgram('ffmpeg')) ?? 'ffmpeg', folder),
  });
  try {
    return await runJobs(plan, { encoder, store, folder, sourceSizeBytes: source.length });
  } finally {
    await encoder.stop();
    store.close();
    await proxy.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

async function runJobs(plan: FaultPlan, world: World): Promise<FaultReport> {
  const healthy = new FaultedJob(world, 'healthy');
  if ((await healthy.run()).phase !== 'ready') throw new Error('a job without faults failed');
  const wanted = await healthy.outputs();
  const outcomes: Record<string, FaultOutcomes> = {};
  const bad: string[] = [];
  const until = performance.now() + plan.forMs;
  let jobs = 0;
  for (; jobs < plan.jobs && performance.now() < until; jobs += 1) {
    const seed = plan.seed + jobs;
    const fault = faultOf(seed, createRandom(seed));
    const job = new FaultedJob(world, `seed${seed}`, fault);
    const { phase } = await job.run();
    plan.onJob?.(`seed ${seed}: ${fault.name}, ${fault.attempts} attempts: ${phase}`);
    const isRight =
      phase === 'error' || (phase === 'ready' && isEqual(await job.outputs(), wanted));
    const counts = (outcomes[fault.name] ??= { ready: 0, error: 0, bad: 0 });
    if (!isRight) bad.push(`seed ${seed}: ${fault.name}, ${fault.order}, ${phase}`);
    if (!isRight) counts.bad += 1;
    else if (phase === 'ready') counts.ready += 1;
    else counts.error += 1;
  }
  return { jobs, outcomes, bad };
}

/** The poster and the storyboard may be missing; what is there must be what a run without faults makes. */
function isEqual(made: ReadonlyMap<string, string>, wanted: ReadonlyMap<string, string>): boolean {
  const isOptional = (id: string): boolean => id === 'poster' || id === 'storyboard';
  return [...wanted].every(
    ([id, hash]) => made.get(id) === hash || (isOptional(id) && !made.has(id)),
  );
}

/** A second of picture and sound. */
export async function makeSource(folder: string): Promise<Buffer> {
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=96x64:r=25:d=1.2'];
  const sound = ['-f', 'lavfi', '-i', 'sine=sample_rate=44100:d=1.2'];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac'];
  await ffmpeg(folder, ...picture, ...sound, ...codecs, 'source.mp4');
  return readFile(join(folder, 'source.mp4'));
}
