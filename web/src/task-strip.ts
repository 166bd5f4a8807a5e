import type { TaskProgress, TaskState } from './wire.ts';

/** One block of the picture of a job: a span of the video's timeline, in percent of its length. */
export interface StripBlock {
  readonly id: string;
  readonly leftPct: number;
  readonly widthPct: number;
  readonly state: TaskState;
  readonly donePct: number;
  /** Above 1: the task was given out again. */
  readonly attempts: number;
}

/** The tasks that cover a span of the timeline, as blocks along it. Audio, probe and poster have no span of their own and are left out. */
export function toStrip(tasks: readonly TaskProgress[]): readonly StripBlock[] {
  const spans = tasks.filter((task) => task.kind === 'video' && task.endSeconds !== undefined);
  const length = Math.max(0, ...spans.map((task) => task.endSeconds ?? 0));
  if (length === 0) return [];
  return spans.map((task) => {
    const start = task.startSeconds ?? 0;
    return {
      id: task.id,
      leftPct: (start / length) * 100,
      widthPct: (((task.endSeconds ?? start) - start) / length) * 100,
      state: task.state,
      donePct: donePct(task),
      attempts: task.attempts.length,
    };
  });
}

/** `12 of 40 parts done, 2 running`. */
export function describeStrip(blocks: readonly StripBlock[]): string {
  const count = (state: TaskState): number =>
    blocks.filter((block) => block.state === state).length;
  const running = count('running');
  return `${count('done')} of ${blocks.length} parts done${running > 0 ? `, ${running} running` : ''}`;
}

function donePct(task: TaskProgress): number {
  if (task.state === 'done') return 100;
  if (task.framesPlanned <= 0) return 0;
  return Math.min(100, (task.framesDone / task.framesPlanned) * 100);
}
