import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { readEvents } from './event-stream.ts';
import { planRetry } from './retry-plan.ts';
import { sleep } from './sleep.ts';
import type { Job } from './wire.ts';

// A job begins by an event, so it may come a little after the upload that it belongs to.
const NOT_YET_MS = 1_000;
const NOT_YET_TRIES = 60;

/** True once nothing more will happen in a job. */
export function isFinished(job: Job): boolean {
  return ['ready', 'error', 'cancelled'].includes(job.state);
}

/** Follows a job to its end and tells every change. A dropped stream is opened again: each event holds the whole job. */
export async function followJob(options: {
  readonly api: Pick<ApiClient, 'openProgress'>;
  readonly jobId: string;
  readonly signal: AbortSignal;
  readonly onProgress: (job: Job) => void;
}): Promise<Job> {
  const { api, jobId, signal, onProgress } = options;
  let last: Job | undefined;
  let attempt = 0;
  let notYet = 0;
  for (;;) {
    try {
      await readEvents(await api.openProgress(jobId, signal), ({ event, data }) => {
        if (event !== 'progress') return;
        last = JSON.parse(data) as Job;
        attempt = 0;
        onProgress(last);
      });
      attempt += 1;
    } catch (error) {
      if (signal.aborted) throw error;
      const status = error instanceof ApiError ? error.status : 0;
      if (status === 404 && last === undefined && notYet < NOT_YET_TRIES) {
        notYet += 1;
        await sleep(NOT_YET_MS, signal);
        continue;
      }
      attempt += 1;
      if (planRetry({ status, attempt, random: 0 }) === undefined) throw error;
    }
    if (last !== undefined && isFinished(last)) return last;
    const waitMs = planRetry({ status: 0, attempt, random: Math.random() });
    if (waitMs === undefined)
      throw new ApiError({
        status: 0,
        message: 'The progress of this video cannot be followed at the moment.',
      });
    await sleep(waitMs, signal);
  }
}
