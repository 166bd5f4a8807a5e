/** The last run of a background job; times in ms. */
export interface JobRun {
  readonly startedAt: number;
  readonly endedAt: number;
  /** `ok`, or what went wrong. */
  readonly outcome: string;
  /** It said that there is more to do. */
  readonly hasMore: boolean;
}

export type JobRuns = Readonly<Record<string, JobRun>>;

/** Jobs whose interval has passed or that have more to do, the longest waiting first. */
export function dueJobs<Job extends { readonly name: string; readonly everyMs: number }>(
  jobs: readonly Job[],
  runs: JobRuns,
  now: number,
): Job[] {
  const lastRun = (job: Job): number => runs[job.name]?.startedAt ?? 0;
  return jobs
    .filter((job) => runs[job.name]?.hasMore === true || lastRun(job) + job.everyMs <= now)
    .toSorted((a, b) => lastRun(a) - lastRun(b));
}

export function noteRun(runs: JobRuns, name: string, run: JobRun): JobRuns {
  return { ...runs, [name]: run };
}
