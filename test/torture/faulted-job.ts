import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { taskOutputKey } from '../../src/contracts/object-keys.ts';
import { TASK_PROTOCOL_VERSION } from '../../src/contracts/task-protocol.ts';
import type { TaskResult } from '../../src/contracts/task-protocol.ts';
import { outputKeys } from '../../workers/transcoder/build-segment-map.ts';
import {
  acceptFacts,
  acceptOutput,
  createJob,
  failAttempt,
  finishJob,
  isFinal,
  leaseTask,
  loseOutputs,
} from '../../workers/transcoder/job-state.ts';
import type { JobState, Lease } from '../../workers/transcoder/job-state.ts';
import { findLostOutputs } from '../../workers/transcoder/lost-outputs.ts';
import { verifyOutput } from '../../workers/transcoder/verify-output.ts';
import { postTask, readLines } from '../unit/encoder-harness.ts';
import type { EncoderProcess } from './encoder-process.ts';
import type { Fault } from './fault.ts';
import type { FaultStore } from './fault-store.ts';

/** Time that passes for the job where it has to wait. */
const STEP_MS = 60_000;
const MOST_STEPS = 200;
/** What a task may take: the fault "stop" waits for it. */
const WALL_MS = 10_000;

export interface World {
  readonly encoder: EncoderProcess;
  readonly store: FaultStore;
  readonly folder: string;
  readonly sourceSizeBytes: number;
}

/** The job's real rules, the real encoder and the real check of a real store, driven one task after the other. */
export class FaultedJob {
  private readonly world: World;
  private readonly fault: Fault | undefined;
  private state: JobState;
  private now = 0;
  private faultsLeft: number;

  constructor(world: World, uid: string, fault?: Fault) {
    this.world = world;
    this.fault = fault;
    this.faultsLeft = fault?.attempts ?? 0;
    this.state = createJob(
      {
        id: `job_${uid}`,
        uid,
        accountId: 'default',
        revision: '1',
        sourceSizeBytes: world.sourceSizeBytes,
        maxDurationSeconds: 3600,
      },
      0,
    );
  }

  /** Runs it to its end: `ready` or `error`. */
  async run(): Promise<JobState> {
    for (let step = 0; step < MOST_STEPS && !isFinal(this.state); step += 1) {
      await (this.state.phase === 'publishing' ? this.publish() : this.runTask());
    }
    return this.state;
  }

  /** SHA-256 of each task's accepted output, as it lies in the store. */
  async outputs(): Promise<ReadonlyMap<string, string>> {
    const { bucket } = this.world.store;
    const hashes = new Map<string, string>();
    for (const task of this.state.tasks) {
      const hash = createHash('sha256');
      for (const key of outputKeys(this.state, task)) {
        const object = await bucket.get(key);
        hash.update(object === null ? 'nothing' : Buffer.from(await object.arrayBuffer()));
      }
      if (task.output !== undefined) hashes.set(task.id, hash.digest('hex'));
    }
    return hashes;
  }

  private async runTask(): Promise<void> {
    const { state, lease } = leaseTask(this.state, 'runner-0', this.now);
    this.state = state;
    this.now += lease === undefined ? STEP_MS : 1;
    if (lease === undefined) return;
    const isFaulty = lease.spec.kind !== 'probe' && this.faultsLeft-- > 0;
    await this.setFault(isFaulty ? this.fault : undefined);
    try {
      await this.report(lease, await this.encode(lease));
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      const failure = { outcome: 'failed', code: 'ERR_UNKNOWN', text: 'Not accepted.' } as const;
      const { taskId, epoch } = lease;
      const attempt = { taskId, epoch, ...failure, detail, retryable: true };
      this.state = failAttempt(this.state, attempt, this.now);
    }
  }

  private async setFault(fault: Fault | undefined): Promise<void> {
    this.world.store.fault = fault?.name;
    await writeFile(join(this.world.folder, 'order'), `${fault?.order ?? ''}\n`);
  }

  private async encode(lease: Lease): Promise<TaskResult | undefined> {
    const { encoder, store, sourceSizeBytes } = this.world;
    const { taskId, epoch, spec } = lease;
    store.expectTask((part) => this.keyOf(lease, part));
    const response = await postTask(encoder, {
      version: TASK_PROTOCOL_VERSION,
      jobId: this.state.id,
      taskId,
      epoch,
      source: { sizeBytes: sourceSizeBytes },
      callback: { url: store.url, token: 'token' },
      limits: { wallMs: WALL_MS, outputBytes: 50_000_000 },
      task: spec,
    });
    const last = (await readLines(response)).at(-1);
    if (last?.type === 'result') return last.result;
    if (last?.type !== 'failure') throw new Error('the encoder gave no last line');
    const { code, message: text, detail, retryable, limited = false } = last;
    const failure = { taskId, epoch, outcome: 'failed', code, text, detail } as const;
    this.state = failAttempt(this.state, { ...failure, retryable, limited }, this.now);
    return undefined;
  }

  private async report(lease: Lease, result: TaskResult | undefined): Promise<void> {
    if (result === undefined) return;
    const { taskId, epoch, spec } = lease;
    const { engine } = result;
    if (result.kind === 'probe') {
      this.state = acceptFacts(this.state, { epoch, facts: result.facts, engine }, this.now);
      return;
    }
    const { bucket } = this.world.store;
    const keyOf = (part: number): string => this.keyOf(lease, part);
    const stored = { bucket, keyOf, spec, epoch, onProgress: () => undefined };
    const output = await verifyOutput(stored, result);
    this.state = acceptOutput(this.state, taskId, { ...output, engine }, this.now);
  }

  private async publish(): Promise<void> {
    const { bucket } = this.world.store;
    if (this.fault?.name === 'accepted output deleted' && this.faultsLeft-- > 0) {
      const [task] = this.state.tasks.filter(({ output }) => output !== undefined);
      if (task !== undefined) await bucket.delete(outputKeys(this.state, task));
    }
    const lost = await findLostOutputs(bucket, this.state);
    this.state =
      lost.length === 0 ? finishJob(this.state, this.now) : loseOutputs(this.state, lost, this.now);
  }

  private keyOf({ taskId, epoch }: Lease, part: number): string {
    const { uid, revision } = this.state;
    return taskOutputKey({ uid, revision, taskId, epoch, part });
  }
}
