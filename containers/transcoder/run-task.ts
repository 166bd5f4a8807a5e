import type { TaskLine, TaskRequest, TaskResult } from '../../src/contracts/task-protocol.ts';
import { traceStep } from '../../src/kernel/trace-scope.ts';
import type { EncoderEngine } from './engine.ts';
import { tookTooLong } from './limit-failure.ts';
import type { OutputPart } from './part-writer.ts';
import type { PreparedSource } from './prepare-source.ts';
import { runAudio } from './run-audio.ts';
import { runPoster } from './run-poster.ts';
import { runStoryboard } from './run-storyboard.ts';
import { needsFfmpeg, runProbe } from './run-probe.ts';
import { runVideo } from './run-video.ts';
import type { SourceCache } from './source-cache.ts';
import { storeOutput } from './store-output.ts';
import type { TaskContext } from './task-context.ts';
import { withTaskFolder } from './task-folder.ts';
import { limitsOf } from './task-limits.ts';

export type TaskProgress = Extract<TaskLine, { type: 'progress' }>;

/** What all tasks of this process share. */
export interface TaskResources {
  readonly engine: EncoderEngine;
  readonly sources: SourceCache;
  /** Folder for the tasks' private folders. */
  readonly root: string;
  readonly threads: number;
}

/** Does one task from fetching the source to the last stored byte, within its time. */
export async function runTask(
  resources: TaskResources,
  request: TaskRequest,
  signal: AbortSignal,
  onProgress: (progress: TaskProgress) => void,
): Promise<TaskResult> {
  const { engine, sources, root, threads } = resources;
  if (request.source.sizeBytes > engine.maxSourceBytes)
    throw needsFfmpeg('takes files up to 1 GiB');
  const report = (stage: TaskProgress['stage'], frames: number): void =>
    onProgress({ type: 'progress', stage, frames });
  report('fetch', 0);
  // A download has no deadline but its progress: how long it takes, the file's size and the line decide.
  const source = await traceStep({ name: 'fetch source' }, () => sources.acquire(request, signal));
  const late = new AbortController();
  const { wallMs } = request.limits;
  const timer = setTimeout(() => late.abort(tookTooLong(wallMs)), wallMs);
  const both = AbortSignal.any([signal, late.signal]);
  try {
    return await withTaskFolder(root, async (folder) => {
      let frames = 0;
      const context: TaskContext = {
        engine,
        folder,
        threads,
        signal: both,
        limits: limitsOf(request, threads),
        sourceFile: source.path,
        onFrames: (count) => report('run', (frames = Math.max(frames, count))),
      };
      context.onFrames(0);
      return await runInFolder(context, source, request, () => report('store', frames));
    });
  } finally {
    clearTimeout(timer);
    source.release();
  }
}

async function runInFolder(
  context: TaskContext,
  source: PreparedSource,
  request: TaskRequest,
  onStore: () => void,
): Promise<TaskResult> {
  const { task } = request;
  const engine = context.engine.name;
  const store = (parts: readonly OutputPart[]): ReturnType<typeof storeOutput> => {
    onStore();
    return traceStep({ name: 'upload output' }, () =>
      storeOutput(request.callback, parts, context.signal),
    );
  };
  if (task.kind === 'probe') {
    return {
      kind: 'probe',
      facts: await runProbe(context, source, task.maxDurationSeconds),
      encoders: context.engine.encoders,
      engine,
    };
  }
  if (task.kind === 'poster') {
    return { kind: 'poster', parts: await store([await runPoster(context, task)]), engine };
  }
  if (task.kind === 'storyboard') {
    return { kind: 'storyboard', parts: await store([await runStoryboard(context, task)]), engine };
  }
  const output =
    task.kind === 'video' ? await runVideo(context, source, task) : await runAudio(context, task);
  const renditions = [...output.renditions];
  return { kind: 'media', parts: await store(output.parts), renditions, engine };
}
