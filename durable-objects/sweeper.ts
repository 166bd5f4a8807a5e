import { DurableObject } from 'cloudflare:workers';

import { listAllJobs } from '../src/kernel/list-all-jobs.ts';
import { serviceContext } from '../src/kernel/worker-host.ts';
import { dueJobs, noteRun } from '../workers/worker/sweep-state.ts';
import type { JobRuns } from '../workers/worker/sweep-state.ts';

/** Rounds follow each other this fast while there is work, otherwise once a minute. */
const BUSY_MS = 10_000;
const QUIET_MS = 60_000;
const RUNS_KEY = 'runs';

/** Runs the background jobs that plugins contributed. One object, so that no job overlaps with itself. */
export class Sweeper extends DurableObject<Env> {
  /** Makes a round happen soon; cheap to repeat. */
  async arm(): Promise<void> {
    const alarm = await this.ctx.storage.getAlarm();
    const soon = Date.now() + BUSY_MS;
    if (alarm === null || alarm > soon) await this.ctx.storage.setAlarm(soon);
  }

  /** Every job's last run. */
  async runs(): Promise<JobRuns> {
    return this.ctx.storage.kv.get<JobRuns>(RUNS_KEY) ?? {};
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + BUSY_MS);
    let busy = true;
    try {
      busy = await this.round();
    } finally {
      await this.ctx.storage.setAlarm(Date.now() + (busy ? BUSY_MS : QUIET_MS));
    }
  }

  /** True when a job has more to do soon. */
  private async round(): Promise<boolean> {
    const context = await serviceContext();
    const { logger } = context;
    let busy = false;
    for (const job of dueJobs(await listAllJobs(context), await this.runs(), Date.now())) {
      const startedAt = Date.now();
      let outcome = 'ok';
      let hasMore = false;
      try {
        hasMore = await job.run(startedAt);
      } catch (error) {
        logger.warn('background.failed', { job: job.name, error });
        outcome = error instanceof Error ? error.message : String(error);
      }
      busy ||= hasMore || outcome !== 'ok';
      const run = { startedAt, endedAt: Date.now(), outcome, hasMore };
      this.ctx.storage.kv.put(RUNS_KEY, noteRun(await this.runs(), job.name, run));
    }
    return busy;
  }
}
