import type { JobState, TaskRecord } from './job-state.ts';
import { framesOf } from './task-frames.ts';

/** An attempt at a task that is over. */
export interface EndedAttempt {
  readonly kind: TaskRecord['spec']['kind'];
  readonly outcome: string;
  readonly seconds: number;
  /** Length of what the task makes, in the video's own time; known of pictures only. */
  readonly mediaSeconds?: number;
}

/** The attempts that ended between two states of a job. Each is found once, since an ended attempt never changes. */
export function endedAttempts(before: JobState | undefined, after: JobState): EndedAttempt[] {
  const running = new Map(before?.tasks.map(({ id, attempts }) => [id, openEpoch(attempts)]));
  return after.tasks.flatMap((task) => {
    const epoch = running.get(task.id);
    const attempt = task.attempts.find((each) => each.epoch === epoch);
    if (attempt?.endedAt === undefined) return [];
    const mediaSeconds = mediaSecondsOf(task);
    return [
      {
        kind: task.spec.kind,
        outcome: attempt.outcome ?? 'unknown',
        seconds: (attempt.endedAt - attempt.startedAt) / 1000,
        ...(mediaSeconds !== undefined && { mediaSeconds }),
      },
    ];
  });
}

function openEpoch(attempts: TaskRecord['attempts']): number | undefined {
  return attempts.find(({ endedAt }) => endedAt === undefined)?.epoch;
}

function mediaSecondsOf({ spec }: TaskRecord): number | undefined {
  if (spec.kind !== 'video') return undefined;
  const { numerator, denominator } = spec.facts.frameRate;
  return (framesOf(spec) * denominator) / numerator;
}
