import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import type { SourceFacts } from '../../src/contracts/media.ts';
import { MAX_OUTPUT_BYTES, TASK_PROTOCOL_VERSION } from '../../src/contracts/task-protocol.ts';
import type { TaskRequest, TaskResult, TaskSpec } from '../../src/contracts/task-protocol.ts';
import { planTasks } from '../../workers/transcoder/plan-tasks.ts';
import type { EncoderProcess, TaskOutcome } from './encoder-process.ts';
import { watchTree } from './process-usage.ts';
import type { TreeWatch } from './process-usage.ts';
import { openTaskStore } from './task-store.ts';
import type { TaskStore } from './task-store.ts';

// As the product's runner sets them.
const WALL_MS = 10 * 60_000;
const MAX_PARTS = 8;
const MAX_DURATION_SECONDS = 21_600;

interface TaskUse {
  readonly id: string;
  readonly kind: TaskSpec['kind'];
  readonly outcome: TaskOutcome;
  /** CPU of the whole encoder while the task ran: its own process and every program it started. */
  readonly cpuSeconds: number;
  /** The part of it that the server itself used: fetching, cutting, checking, hashing, sending. */
  readonly serverCpuSeconds: number;
}

export interface JobUse {
  readonly facts: SourceFacts | undefined;
  readonly tasks: readonly TaskUse[];
  readonly cpuSeconds: number;
  /** The most memory that the encoder and its programs held together. */
  readonly peakBytes: number;
}

/** What is the same for every task of a job. */
interface Job {
  readonly encoder: EncoderProcess;
  readonly store: TaskStore;
  readonly watch: TreeWatch;
  readonly jobId: string;
}

let jobs = 0;

/**
 * Probes the source, plans with the product's own planner and does every task, one after another; stops at the first
 * failure, or behind the probe.
 */
export async function runJob(
  encoder: EncoderProcess,
  source: string,
  folder: string,
  until: 'probe' | 'end' = 'end',
): Promise<JobUse> {
  const store = await openTaskStore(source, folder);
  const watch = watchTree(encoder.pid);
  const job: Job = { encoder, store, watch, jobId: `job_bench${jobs++}` };
  try {
    const probe = await runTask(job, 'probe', {
      kind: 'probe',
      maxDurationSeconds: MAX_DURATION_SECONDS,
    });
    const tasks = [probe];
    const facts = factsOf(probe);
    for (const { id, spec } of facts && until === 'end' ? planTasks(facts) : []) {
      const done = await runTask(job, id, spec);
      tasks.push(done);
      if (done.outcome.type === 'failure') break;
    }
    const cpuSeconds = tasks.reduce((sum, task) => sum + task.cpuSeconds, 0);
    const { peakBytes } = await watch.use();
    return { facts, tasks, cpuSeconds, peakBytes };
  } finally {
    watch.stop();
    await store.close();
  }
}

/** Joins each rendition of a finished job into `{rendition}.mp4`, as a player would: one init segment, then every segment. */
export async function joinRenditions(
  { tasks }: JobUse,
  outputs: string,
  folder: string,
): Promise<void> {
  const joined = new Set<string>();
  await mkdir(folder, { recursive: true });
  for (const task of tasks) {
    for (const rendition of mediaOf(task)?.renditions ?? []) {
      const file = join(folder, `${rendition.name}.mp4`);
      const pieces = joined.has(rendition.name)
        ? rendition.segments
        : [rendition.init, ...rendition.segments];
      joined.add(rendition.name);
      for (const piece of pieces)
        await append(file, join(outputs, task.id, `part-${piece.part}`), piece);
    }
  }
}

/** Throws with the reason when a task of the job failed. */
export function requireSuccess({ tasks }: JobUse): void {
  for (const { id, outcome } of tasks)
    if (outcome.type === 'failure')
      throw new Error(`task ${id} failed: ${outcome.message} ${outcome.detail}`);
}

async function append(
  file: string,
  part: string,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<void> {
  const bytes = createReadStream(part, { start: offset, end: offset + length - 1 });
  await pipeline(bytes, createWriteStream(file, { flags: 'a' }));
}

async function runTask(job: Job, id: string, task: TaskSpec): Promise<TaskUse> {
  const before = await job.watch.use();
  const outcome = await job.encoder.run(requestFor(job, id, task));
  const after = await job.watch.use();
  return {
    id,
    kind: task.kind,
    outcome,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    serverCpuSeconds: after.ownCpuSeconds - before.ownCpuSeconds,
  };
}

function requestFor({ store, jobId }: Job, taskId: string, task: TaskSpec): TaskRequest {
  return {
    version: TASK_PROTOCOL_VERSION,
    jobId,
    taskId,
    epoch: 1,
    source: { sizeBytes: store.sourceBytes },
    callback: store.callbackOf(taskId),
    limits: { wallMs: WALL_MS, outputBytes: MAX_OUTPUT_BYTES * MAX_PARTS },
    task,
  };
}

function factsOf({ outcome }: TaskUse): SourceFacts | undefined {
  return outcome.type === 'result' && outcome.result.kind === 'probe'
    ? outcome.result.facts
    : undefined;
}

function mediaOf({ outcome }: TaskUse): Extract<TaskResult, { kind: 'media' }> | undefined {
  return outcome.type === 'result' && outcome.result.kind === 'media' ? outcome.result : undefined;
}
