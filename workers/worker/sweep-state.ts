/** The last run of a piece of scheduled work; times in ms. */
export interface ScheduledRun {
  readonly startedAt: number;
  readonly endedAt: number;
  /** What went wrong; absent when nothing did. */
  readonly error?: string;
  /** It said that there is more to do. */
  readonly hasMore: boolean;
}

/** What is kept of one piece of scheduled work. */
export interface ScheduleState {
  readonly lastRun?: ScheduledRun;
  /** Failed runs since the last good one. */
  readonly failures: number;
  /** Until when the run under way has its lease. */
  readonly leaseUntil?: number;
  readonly pausedAt?: number;
  /** An operator asked for a run. */
  readonly requestedAt?: number;
}

export type ScheduleStates = Readonly<Record<string, ScheduleState>>;

interface Schedule {
  readonly name: string;
  readonly everyMs: number;
}

export const NEVER_RUN: ScheduleState = { failures: 0 };

/** When it is to run next: 0 for at once, nothing while it is paused. A run under way keeps others off until its lease ends. */
export function nextDue(schedule: Schedule, state: ScheduleState): number | undefined {
  const free = state.leaseUntil ?? 0;
  if (state.requestedAt !== undefined) return free;
  if (state.pausedAt !== undefined) return undefined;
  const { lastRun } = state;
  if (lastRun === undefined || lastRun.hasMore) return free;
  return Math.max(free, lastRun.startedAt + schedule.everyMs);
}

/** What is due, the longest waiting first. */
export function dueSchedules<Each extends Schedule>(
  schedules: readonly Each[],
  states: ScheduleStates,
  now: number,
): Each[] {
  const stateOf = ({ name }: Schedule): ScheduleState => states[name] ?? NEVER_RUN;
  const lastStart = (schedule: Schedule): number => stateOf(schedule).lastRun?.startedAt ?? 0;
  return schedules
    .filter((schedule) => (nextDue(schedule, stateOf(schedule)) ?? Infinity) <= now)
    .toSorted((a, b) => lastStart(a) - lastStart(b));
}

export function beginRun(state: ScheduleState, leaseUntil: number): ScheduleState {
  const { requestedAt: _, ...rest } = state;
  return { ...rest, leaseUntil };
}

export function endRun(state: ScheduleState, lastRun: ScheduledRun): ScheduleState {
  const { leaseUntil: _, ...rest } = state;
  return { ...rest, lastRun, failures: lastRun.error === undefined ? 0 : state.failures + 1 };
}

export function pause(state: ScheduleState, now: number): ScheduleState {
  return { ...state, pausedAt: state.pausedAt ?? now };
}

export function resume(state: ScheduleState): ScheduleState {
  const { pausedAt: _, ...rest } = state;
  return rest;
}
