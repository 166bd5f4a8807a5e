import { DurableObject } from 'cloudflare:workers';

import { isAppError } from '../src/contracts/errors.ts';
import { taskOutputKey } from '../src/contracts/object-keys.ts';
import type { JobProgress } from '../src/contracts/service-apis.ts';
import type { TaskResult } from '../src/contracts/task-protocol.ts';
import type { Metrics } from '../src/kernel/metrics.ts';
import type { ServiceContext } from '../src/kernel/service-context.ts';
import { serviceContext } from '../src/kernel/worker-host.ts';
import { withDeadline } from '../src/kernel/with-deadline.ts';
import { endedAttempts } from '../workers/transcoder/ended-attempts.ts';
import type { EndedAttempt } from '../workers/transcoder/ended-attempts.ts';
import { standingOf } from '../workers/transcoder/job-standing.ts';
import type { JobStanding } from '../workers/transcoder/job-standing.ts';
import { describeJob, progressOf } from '../workers/transcoder/describe-job.ts';
import type { JobDescription } from '../workers/transcoder/describe-job.ts';
import {
  acceptFacts,
  acceptOutput,
  cancelJob,
  createJob,
  expireLeases,
  failAttempt,
  failJob,
  fateOf,
  finishJob,
  heartbeat,
  holdsLease,
  isFinal,
  issuePermits,
  leaseTask,
  loseOutputs,
  runnersToStop,
  silentAttempts,
  wakeAt,
} from '../workers/transcoder/job-state.ts';
import type {
  AttemptFailure,
  AttemptFate,
  JobState,
  Lease,
  NewJob,
} from '../workers/transcoder/job-state.ts';
import { JobStore } from '../workers/transcoder/job-store.ts';
import { jobSpan } from '../workers/transcoder/job-trace.ts';
import { announceStart, publishRun, settleJob } from '../workers/transcoder/settle-job.ts';
import { verifyOutput } from '../workers/transcoder/verify-output.ts';

const RETRY_MS = 3000;
const HEARTBEAT_EVERY_MS = 2000;
const SEND_DEADLINE_MS = 10_000;
/** How long a finished job can still be looked at. */
const KEEP_FINISHED_MS = 30 * 24 * 3600 * 1000;

/** What a runner is given to do. */
export type LeasedTask = Lease & Pick<JobState, 'id' | 'uid' | 'sourceSizeBytes' | 'trace'>;
export type LeaseAnswer = { readonly lease?: LeasedTask; readonly over: boolean };

type CancelOutcome = 'cancelled' | 'publishing' | 'over';

/** Where a task may store its output, while it holds the lease. */
export interface TaskGrant {
  readonly uid: string;
  readonly revision: string;
}

/** One processing run of one video: the task table and its leases. A thin shell round `job-state.ts`. */
export class TranscodeJob extends DurableObject<Env> {
  private readonly store = new JobStore(this.ctx.storage.sql);

  /** Makes the job; a repeat changes nothing. */
  async start(input: NewJob): Promise<void> {
    if (this.store.load() === undefined) await this.commit(createJob(input, Date.now()));
    else await this.ctx.storage.setAlarm(Date.now());
  }

  /** The most urgent ready task for a runner, if there is one. */
  async lease(runner: string): Promise<LeaseAnswer> {
    const before = this.store.load();
    if (before === undefined || isFinal(before)) return { over: true };
    const context = await serviceContext();
    if (before.phase === 'probing' && !(await announceStart(context, before))) {
      await this.commit(cancelJob(this.current(), Date.now()));
      return { over: true };
    }
    const { state, lease } = leaseTask(this.current(), runner, Date.now());
    await this.commit(state);
    if (lease === undefined) return { over: isFinal(state) };
    const { id, uid, sourceSizeBytes, trace } = state;
    const job = { id, uid, sourceSizeBytes, ...(trace !== undefined && { trace }) };
    return { over: false, lease: { ...lease, ...job } };
  }

  /** Extends a lease. False when it is no longer the current one: stop working. */
  async heartbeat(taskId: string, epoch: number, frames: number): Promise<boolean> {
    const before = this.store.load();
    if (before === undefined || !holdsLease(before, taskId, epoch)) return false;
    await this.commit(heartbeat(before, { taskId, epoch, frames }, Date.now()));
    return true;
  }

  /** Takes a finished task: what was stored is verified first. A stale report changes nothing. */
  async report(
    taskId: string,
    epoch: number,
    result: TaskResult,
    traceparent?: string,
  ): Promise<void> {
    const before = this.store.load();
    if (before === undefined || !holdsLease(before, taskId, epoch)) return;
    try {
      await traceJob(before, { name: 'job.report', parent: traceparent }, () =>
        result.kind === 'probe'
          ? this.acceptProbe(before, epoch, result)
          : this.acceptStored(before, { taskId, epoch }, result),
      );
    } catch (error) {
      await this.fail({ taskId, epoch, ...toRefusal(result.kind, error) });
    }
  }

  /** Ends an attempt that did not work out. A stale one changes nothing. */
  async fail(failure: AttemptFailure): Promise<void> {
    const state = this.store.load();
    if (state !== undefined) await this.commit(failAttempt(state, failure, Date.now()), true);
  }

  /** Where this lease may store output; nothing when the lease is not the current one. */
  async grant(taskId: string, epoch: number): Promise<TaskGrant | undefined> {
    const state = this.store.load();
    if (state === undefined || !holdsLease(state, taskId, epoch)) return undefined;
    return { uid: state.uid, revision: state.revision };
  }

  /** What became of an attempt; what it stored may be deleted only when it is `stale`. */
  async fateOf(taskId: string, epoch: number): Promise<AttemptFate> {
    const state = this.store.load();
    return state === undefined ? 'stale' : fateOf(state, taskId, epoch);
  }

  /** Stops the job. Nothing changes when it is over, or when its run may be playing already. */
  async cancel(): Promise<CancelOutcome> {
    const state = this.store.load();
    if (state === undefined || isFinal(state)) return 'over';
    if (state.phase === 'publishing') return 'publishing';
    await this.commit(cancelJob(state, Date.now()));
    return 'cancelled';
  }

  async describe(): Promise<JobDescription | undefined> {
    const state = this.store.load();
    return state && describeJob(state);
  }

  async progress(): Promise<JobProgress | undefined> {
    const state = this.store.load();
    return state && progressOf(state);
  }

  /** What is left to do, and when the job last moved. */
  async standing(): Promise<JobStanding | undefined> {
    const state = this.store.load();
    return state && standingOf(state, Date.now());
  }

  /** The video is deleted: nothing of the job stays. */
  async forget(): Promise<void> {
    await this.ctx.storage.deleteAll();
    this.store.forget();
  }

  /** Makes a job move whose alarm was lost. */
  async poke(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now());
  }

  /** Ends silent leases, publishes and settles, sends permits; always armed again while there is something to wait for. */
  override async alarm(): Promise<void> {
    const before = this.store.load();
    if (before === undefined) return;
    if (before.settled) {
      await this.forgetWhenOld(before);
      return;
    }
    await this.ctx.storage.setAlarm(Date.now() + RETRY_MS);
    try {
      const now = Date.now();
      const silent = silentAttempts(before, now);
      await this.commit(expireLeases(before, now));
      for (const attempt of silent) this.ctx.waitUntil(this.stopAttempt(before.id, attempt));
    } catch (error) {
      const { logger } = await serviceContext();
      logger.warn('job.alarm.failed', { jobId: before.id, error });
      await this.ctx.storage.setAlarm(Date.now() + RETRY_MS);
    }
  }

  /** An encoder that hangs would keep its runner's slot for good. */
  private async stopAttempt(
    jobId: string,
    { taskId, epoch, runner }: ReturnType<typeof silentAttempts>[number],
  ): Promise<void> {
    try {
      await this.env.TRANSCODER.getByName(runner).stopAttempt(jobId, taskId, epoch);
    } catch (error) {
      const { logger } = await serviceContext();
      logger.warn('attempt.stop.failed', { jobId, taskId, epoch, error });
    }
  }

  private async acceptProbe(
    before: JobState,
    epoch: number,
    probe: Extract<TaskResult, { kind: 'probe' }>,
  ): Promise<void> {
    const { services } = await serviceContext();
    const known = await services.get('metadata').sourceProbed(before, probe.facts);
    const state = this.current();
    const now = Date.now();
    await this.commit(known ? acceptFacts(state, { ...probe, epoch }, now) : cancelJob(state, now));
  }

  private async acceptStored(
    before: JobState,
    { taskId, epoch }: { readonly taskId: string; readonly epoch: number },
    result: Exclude<TaskResult, { kind: 'probe' }>,
  ): Promise<void> {
    const spec = before.tasks.find((task) => task.id === taskId)?.spec;
    if (spec === undefined) return;
    const { uid, revision } = before;
    const keyOf = (part: number): string => taskOutputKey({ uid, revision, taskId, epoch, part });
    const onProgress = this.leaseKeeper(taskId, epoch);
    onProgress();
    const stored = { bucket: this.env.MEDIA, keyOf, spec, epoch, onProgress };
    const output = { ...(await verifyOutput(stored, result)), engine: result.engine };
    await this.commit(acceptOutput(this.current(), taskId, output, Date.now()), true);
  }

  /** Extends the lease while its output is being checked: the encoder is done and sends no heartbeat any more. */
  private leaseKeeper(taskId: string, epoch: number): () => void {
    let beatAt = 0;
    return () => {
      const now = Date.now();
      if (now - beatAt < HEARTBEAT_EVERY_MS) return;
      const state = this.store.load();
      if (state === undefined || !holdsLease(state, taskId, epoch))
        throw new Error('the lease was lost while the output was being checked');
      this.store.save(heartbeat(state, { taskId, epoch, frames: 0 }, now));
      beatAt = now;
    };
  }

  /** The state as it is stored now: after an await it may be another one than before. */
  private current(): JobState {
    const state = this.store.load();
    if (state === undefined) throw new Error('this job was forgotten');
    return state;
  }

  /** Stores the state, then does what follows from it: permits, the end of runners, publishing, settling, the next alarm. */
  private async commit(state: JobState, freed = false): Promise<void> {
    const { state: next, count } = issuePermits(state, Date.now(), freed);
    const before = this.store.load();
    this.store.save(next);
    const context = await serviceContext();
    for (const attempt of endedAttempts(before, next)) countAttempt(context.metrics, attempt);
    const wake = wakeAt(next, Date.now());
    if (wake !== undefined) await this.ctx.storage.setAlarm(wake);
    // A queue that hangs must not hold up who reports or asks for a task; lost permits are sent again.
    this.ctx.waitUntil(this.sendPermits(next.id, count, context));
    if (next.phase === 'publishing')
      await traceJob(next, { name: 'job.publish' }, () => this.publish(context));
    const last = this.store.load();
    if (last !== undefined && isFinal(last) && !last.settled)
      await traceJob(last, { name: 'job.settle' }, () => this.settle(context));
  }

  private async sendPermits(jobId: string, count: number, context: ServiceContext): Promise<void> {
    if (count === 0) return;
    const permits = Array.from({ length: count }, () => ({ body: { version: 1, jobId } }));
    try {
      await withDeadline(this.env.TRANSCODE_QUEUE.sendBatch(permits), SEND_DEADLINE_MS);
    } catch (error) {
      context.logger.warn('permits.send.failed', { jobId, error });
    }
  }

  private async publish(context: ServiceContext): Promise<void> {
    const state = this.current();
    await this.ctx.storage.setAlarm(Date.now() + RETRY_MS);
    const outcome = await publishRun(context, state).catch((error: unknown) => {
      context.logger.warn('job.publish.failed', { jobId: state.id, error });
      return 'again' as const;
    });
    const last = this.store.load();
    // A deleted video's job may have been forgotten meanwhile.
    if (last === undefined) return;
    const now = Date.now();
    if (outcome === 'published') this.store.save(finishJob(last, now));
    if (outcome === 'fenced') this.store.save(cancelJob(last, now));
    if (typeof outcome === 'string') return;
    if ('lost' in outcome) await this.commit(loseOutputs(last, outcome.lost, now));
    else this.store.save(failJob(last, outcome, now));
  }

  private async forgetWhenOld(state: JobState): Promise<void> {
    const until = (state.endedAt ?? state.createdAt) + KEEP_FINISHED_MS;
    if (until <= Date.now()) await this.forget();
    else await this.ctx.storage.setAlarm(until);
  }

  private async settle(context: ServiceContext): Promise<void> {
    const state = this.current();
    await this.ctx.storage.setAlarm(Date.now() + RETRY_MS);
    try {
      const runners = runnersToStop(state).map((name) =>
        this.env.TRANSCODER.getByName(name).stopJob(state.id),
      );
      await Promise.all(runners);
      await settleJob(context, state);
      const last = this.store.load();
      // A deleted video's job is forgotten as soon as it has stopped.
      if (last === undefined) return;
      this.store.save({ ...last, settled: true });
      context.tracer.record(jobSpan(last));
      await this.ctx.storage.setAlarm(Date.now() + KEEP_FINISHED_MS);
    } catch (error) {
      context.logger.warn('job.settle.failed', { jobId: state.id, error });
    }
  }
}

function countAttempt(metrics: Metrics, attempt: EndedAttempt): void {
  const { kind, outcome, seconds, mediaSeconds } = attempt;
  metrics.observe('streamgate_task_duration_seconds', { kind, outcome }, seconds);
  if (outcome !== 'accepted' || mediaSeconds === undefined) return;
  metrics.count('streamgate_task_media_seconds_total', { kind }, mediaSeconds);
  if (seconds > 0) metrics.observe('streamgate_task_speed_ratio', { kind }, mediaSeconds / seconds);
}

/** Work of the job as a span: below `parent`, otherwise below the job itself. */
async function traceJob<T>(
  state: JobState,
  { name, parent }: { readonly name: string; readonly parent?: string | undefined },
  work: () => Promise<T>,
): Promise<T> {
  const { tracer } = await serviceContext();
  const unit = {
    name,
    kind: 'internal',
    parent: parent ?? state.trace?.traceparent,
    attributes: { 'job.id': state.id, 'video.uid': state.uid },
    fields: { jobId: state.id, videoUid: state.uid },
  } as const;
  return tracer.unit(unit, work);
}

/** Why a report was not taken: what was stored is wrong, or the platform could not look at it. */
function toRefusal(
  kind: TaskResult['kind'],
  error: unknown,
): Omit<AttemptFailure, 'taskId' | 'epoch'> {
  const detail = error instanceof Error ? error.message : String(error);
  const common = { code: 'ERR_UNKNOWN', retryable: true, detail } as const;
  if (kind === 'probe' || (isAppError(error) && error.code === 'storage.unavailable')) {
    const text = 'The platform could not take the result of this step.';
    return { ...common, outcome: 'unavailable', text };
  }
  return { ...common, outcome: 'failed', text: 'The output did not pass the check.' };
}
