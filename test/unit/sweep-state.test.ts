import { expect, test } from 'vitest';

import {
  NEVER_RUN,
  beginRun,
  dueSchedules,
  endRun,
  nextDue,
  pause,
  resume,
} from '../../workers/worker/sweep-state.ts';
import type { ScheduleState, ScheduledRun } from '../../workers/worker/sweep-state.ts';

const HOURLY = { name: 'hourly', everyMs: 3600_000 };
const OFTEN = { name: 'often', everyMs: 10_000 };

function after(run: Partial<ScheduledRun> = {}, state: ScheduleState = NEVER_RUN): ScheduleState {
  return endRun(state, { startedAt: 100_000, endedAt: 100_500, hasMore: false, ...run });
}

test('work is due when its interval has passed, the longest waiting first', () => {
  const states = { often: after(), hourly: after({ startedAt: 50_000 }) };
  expect(dueSchedules([OFTEN, HOURLY], states, 109_999)).toEqual([]);
  expect(dueSchedules([OFTEN, HOURLY], states, 110_000)).toEqual([OFTEN]);
  expect(dueSchedules([OFTEN, HOURLY], states, 3_650_000)).toEqual([HOURLY, OFTEN]);
  expect(dueSchedules([OFTEN], {}, 10_000)).toEqual([OFTEN]);
});

test('work that has more to do is due at once', () => {
  expect(dueSchedules([HOURLY], { hourly: after({ hasMore: true }) }, 100_001)).toEqual([HOURLY]);
});

test('a run under way keeps others off until its lease ends, also one that was asked for', () => {
  const running = beginRun(after({ hasMore: true }), 400_000);
  expect(nextDue(HOURLY, running)).toBe(400_000);
  expect(nextDue(HOURLY, { ...running, requestedAt: 200_000 })).toBe(400_000);
  expect(nextDue(HOURLY, after({ startedAt: 300_000 }, running))).toBe(3_900_000);
});

test('paused work is never due, but an operator may run it once', () => {
  const paused = pause(after({ hasMore: true }), 1000);
  expect(nextDue(OFTEN, paused)).toBeUndefined();
  const asked = { ...paused, requestedAt: 2000 };
  expect(nextDue(OFTEN, asked)).toBe(0);
  expect(nextDue(OFTEN, after({}, beginRun(asked, 3000)))).toBeUndefined();
  expect(nextDue(OFTEN, resume(after({}, asked)))).toBe(0);
  expect(pause(paused, 5000).pausedAt).toBe(1000);
});

test('failures are counted until a run ends well', () => {
  const failed = after({ error: 'no database' }, after({ error: 'no database' }));
  expect(failed.failures).toBe(2);
  expect(after({}, failed).failures).toBe(0);
});
