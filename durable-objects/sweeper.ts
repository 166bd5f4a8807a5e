import { DurableObject } from 'cloudflare:workers';

import { listAllJobs } from '../src/kernel/list-all-jobs.ts';
import type { BackgroundJob } from '../src/kernel/service-context.ts';
import { withDeadline } from '../src/kernel/with-deadline.ts';
import { serviceContext } from '../src/kernel/worker-host.ts';
import {
  NEVER_RUN,
  beginRun,
  dueSchedules,
  endRun,
  pause,
  resume,
} from '../workers/worker/sweep-state.ts';
import type { ScheduleState, ScheduleStates } from '../workers/worker/sweep-state.ts';

/** Rounds follow each other this fast while there is work, otherwise once a minute. */
const BUSY_MS = 10_000;
const QUIET_MS = 60_000;
/** A run may take this long; then it counts as failed and the next one may begin. */
const LEASE_MS = 4 * 60_000;
const PREFIX = 'schedule:';

/** Runs the background work that plugins contributed. One object, so that no work overlaps with itself. */
export class Sweeper extends DurableObject<Env> {
  /** Makes a round happen soon; cheap to repeat. */
  async arm(): Promise<void> {
    await this.armAt(Date.now() + BUSY_MS);
  }

  /** What is kept of each piece of work, by name. */
  async states(): Promise<ScheduleStates> {
    const stored = this.ctx.storage.kv.list<ScheduleState>({ prefix: PREFIX });
    return Object.fromEntries([...stored].map(([key, state]) => [key.slice(PREFIX.length), state]));
  }

  /** Runs one piece of work at once, also when it is paused. */
  async requestRun(name: string): Promise<void> {
    this.change(name, (state) => ({ ...state, requestedAt: Date.now() }));
    await this.armAt(Date.now());
  }

  async pause(name: string): Promise<void> {
    this.change(name, (state) => pause(state, Date.now()));
  }

  async resume(name: string): Promise<void> {
    this.change(name, resume);
    await this.arm();
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + QUIET_MS);
    let busy = true;
    try {
      busy = await this.round();
    } finally {
      await this.armAt(Date.now() + (busy ? BUSY_MS : QUIET_MS));
    }
  }

  /** True when something has more to do soon. */
  private async round(): Promise<boolean> {
    const jobs = await listAllJobs(await serviceContext());
    const due = dueSchedules(jobs, await this.states(), Date.now());
    // All at once: a slow one must not hold up the others.
    const runs = await Promise.all(due.map((job) => this.run(job)));
    return runs.some((isBusy) => isBusy);
  }

  private async run(job: BackgroundJob): Promise<boolean> {
    const { logger } = await serviceContext();
    const startedAt = Date.now();
    this.change(job.name, (state) => beginRun(state, startedAt + LEASE_MS));
    let failure: { readonly error: string } | undefined;
    let hasMore = false;
    try {
      hasMore = await withDeadline(job.run(startedAt), LEASE_MS);
    } catch (error) {
      logger.warn('background.failed', { job: job.name, error });
      failure = { error: error instanceof Error ? error.message : String(error) };
    }
    const lastRun = { startedAt, endedAt: Date.now(), hasMore, ...failure };
    this.change(job.name, (state) => endRun(state, lastRun));
    return hasMore || failure !== undefined;
  }

  private change(name: string, next: (state: ScheduleState) => ScheduleState): void {
    const key = `${PREFIX}${name}`;
    this.ctx.storage.kv.put(key, next(this.ctx.storage.kv.get<ScheduleState>(key) ?? NEVER_RUN));
  }

  private async armAt(time: number): Promise<void> {
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || alarm > time) await this.ctx.storage.setAlarm(time);
  }
}
