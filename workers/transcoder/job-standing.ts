import type { Workload } from '../../src/contracts/service-apis.ts';
import { progressOf } from './describe-job.ts';
import type { JobState } from './job-state.ts';

/** How far an unfinished job is. */
export interface JobStanding {
  /** Media that is not encoded yet; absent before the source was looked at. */
  readonly remainingSeconds?: number;
  /** Time since an attempt last began, beat or ended; 0 while one works. */
  readonly standstillSeconds: number;
}

export function standingOf(state: JobState, now: number): JobStanding {
  const { acceptedFrames, plannedFrames } = progressOf(state);
  const left = plannedFrames === 0 ? 1 : 1 - acceptedFrames / plannedFrames;
  const isWorking = state.tasks.some(
    (task) => task.state === 'running' && (task.deadline ?? 0) > now,
  );
  const moves = state.tasks.flatMap(({ attempts }) =>
    attempts.map(({ startedAt, endedAt }) => endedAt ?? startedAt),
  );
  const movedAt = Math.max(state.createdAt, ...moves);
  return {
    standstillSeconds: isWorking ? 0 : Math.max(0, now - movedAt) / 1000,
    ...(state.facts !== undefined && { remainingSeconds: state.facts.durationSeconds * left }),
  };
}

/** Joins the counts of all unfinished jobs with the standing of those that were asked. */
export function workloadOf(
  counts: { readonly queued: number; readonly inProgress: number },
  standings: readonly JobStanding[],
): Workload {
  const known = standings.flatMap(({ remainingSeconds }) => remainingSeconds ?? []);
  const sum = known.reduce((total, seconds) => total + seconds, 0);
  const unknown = Math.max(0, counts.queued + counts.inProgress - known.length);
  const mean = known.length === 0 ? 0 : sum / known.length;
  return {
    ...counts,
    backlogMediaSeconds: sum + unknown * mean,
    longestStandstillSeconds: Math.max(
      0,
      ...standings.map(({ standstillSeconds }) => standstillSeconds),
    ),
  };
}
