import { expect, test } from 'vitest';

import { dueJobs, noteRun } from '../../workers/worker/sweep-state.ts';
import type { JobRun } from '../../workers/worker/sweep-state.ts';

const HOURLY = { name: 'hourly', everyMs: 3600_000 };
const OFTEN = { name: 'often', everyMs: 10_000 };

function aRun(fields: Partial<JobRun> = {}): JobRun {
  return { startedAt: 100_000, endedAt: 100_500, outcome: 'ok', hasMore: false, ...fields };
}

test('a job is due when its interval has passed, the longest waiting first', () => {
  const runs = noteRun(noteRun({}, 'often', aRun()), 'hourly', aRun({ startedAt: 50_000 }));
  expect(dueJobs([OFTEN, HOURLY], runs, 109_999)).toEqual([]);
  expect(dueJobs([OFTEN, HOURLY], runs, 110_000)).toEqual([OFTEN]);
  expect(dueJobs([OFTEN, HOURLY], runs, 3_650_000)).toEqual([HOURLY, OFTEN]);
  expect(dueJobs([OFTEN], {}, 10_000)).toEqual([OFTEN]);
});

test('a job that has more to do is due at once', () => {
  const runs = noteRun({}, 'hourly', aRun({ hasMore: true }));
  expect(dueJobs([HOURLY], runs, 100_001)).toEqual([HOURLY]);
});
