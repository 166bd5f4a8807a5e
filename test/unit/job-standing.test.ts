import { describe, expect, test } from 'vitest';

import type { SourceFacts } from '../../src/contracts/media.ts';
import { endedAttempts } from '../../workers/transcoder/ended-attempts.ts';
import { standingOf, workloadOf } from '../../workers/transcoder/job-standing.ts';
import {
  acceptFacts,
  acceptOutput,
  cancelJob,
  createJob,
  expireLeases,
  LEASE_MS,
  leaseTask,
} from '../../workers/transcoder/job-state.ts';
import type { JobState } from '../../workers/transcoder/job-state.ts';

const FACTS: SourceFacts = {
  container: 'mov,mp4',
  durationSeconds: 60,
  video: {
    codec: 'h264',
    width: 640,
    height: 360,
    rotation: 0,
    frameRate: { numerator: 30, denominator: 1 },
    pixelFormat: 'yuv420p',
    interlaced: false,
    hdr: false,
    durationSeconds: 60,
    startSeconds: 0,
    packets: 1800,
  },
  audio: [],
};

function aJob(): JobState {
  const ids = { id: 'job_1', uid: 'a'.repeat(32), accountId: 'default', revision: '1' };
  return createJob({ ...ids, sourceSizeBytes: 1, maxDurationSeconds: 3600 }, 0);
}

function anEncodingJob(): JobState {
  const { state } = leaseTask(aJob(), 'runner-0', 0);
  return acceptFacts(state, { epoch: 1, facts: FACTS, engine: 'ffmpeg' }, 1000);
}

function accept(state: JobState, taskId: string, now: number): JobState {
  const output = { epoch: 1, parts: [1], renditions: [], engine: 'ffmpeg' };
  return acceptOutput(state, taskId, output, now);
}

describe('endedAttempts', () => {
  test('finds an accepted attempt with its time and the media it made, and finds it once', () => {
    const { state: before, lease } = leaseTask(anEncodingJob(), 'runner-0', 2000);
    const after = accept(before, lease?.taskId ?? '', 4000);
    const [ended, ...more] = endedAttempts(before, after);
    expect(ended).toMatchObject({ kind: 'video', outcome: 'accepted', seconds: 2 });
    expect(ended?.mediaSeconds).toBeGreaterThan(0);
    expect(more).toEqual([]);
    expect(endedAttempts(after, after)).toEqual([]);
  });

  test('the probe makes no media', () => {
    const { state: before } = leaseTask(aJob(), 'runner-0', 0);
    const after = acceptFacts(before, { epoch: 1, facts: FACTS, engine: 'ffmpeg' }, 500);
    expect(endedAttempts(before, after)).toEqual([
      { kind: 'probe', outcome: 'accepted', seconds: 0.5 },
    ]);
  });

  test('names how an attempt ended, and a beginning is no end', () => {
    const before = anEncodingJob();
    const { state: leased } = leaseTask(before, 'runner-0', 2000);
    expect(endedAttempts(before, leased)).toEqual([]);
    const expired = expireLeases(leased, 2000 + LEASE_MS);
    expect(endedAttempts(leased, expired).map(({ outcome }) => outcome)).toEqual(['expired']);
    const cancelled = cancelJob(leased, 3000);
    expect(endedAttempts(leased, cancelled).map(({ outcome }) => outcome)).toEqual(['cancelled']);
  });
});

describe('standingOf', () => {
  test('a job whose source nobody has looked at has an unknown rest', () => {
    expect(standingOf(aJob(), 9000)).toEqual({ standstillSeconds: 9 });
  });

  test('what is left falls with every accepted task', () => {
    const { state, lease } = leaseTask(anEncodingJob(), 'runner-0', 2000);
    const before = standingOf(state, 3000).remainingSeconds ?? 0;
    expect(before).toBe(60);
    const after = standingOf(accept(state, lease?.taskId ?? '', 3000), 3000).remainingSeconds ?? 0;
    expect(after).toBeLessThan(before);
    expect(after).toBeGreaterThan(0);
  });

  test('a job stands still from its last move on, and not while an attempt works', () => {
    const waiting = anEncodingJob();
    expect(standingOf(waiting, 61_000).standstillSeconds).toBe(60);
    const { state: working } = leaseTask(waiting, 'runner-0', 61_000);
    expect(standingOf(working, 62_000).standstillSeconds).toBe(0);
    expect(standingOf(working, 61_000 + 2 * LEASE_MS).standstillSeconds).toBeGreaterThan(0);
  });
});

describe('workloadOf', () => {
  test('jobs that were not asked, and sources not looked at, count as long as the mean of the others', () => {
    const standings = [
      { standstillSeconds: 5, remainingSeconds: 10 },
      { standstillSeconds: 0, remainingSeconds: 30 },
      { standstillSeconds: 2 },
    ];
    expect(workloadOf({ queued: 4, inProgress: 1 }, standings)).toEqual({
      queued: 4,
      inProgress: 1,
      backlogMediaSeconds: 100,
      longestStandstillSeconds: 5,
    });
  });

  test('without jobs there is nothing to do', () => {
    expect(workloadOf({ queued: 0, inProgress: 0 }, [])).toEqual({
      queued: 0,
      inProgress: 0,
      backlogMediaSeconds: 0,
      longestStandstillSeconds: 0,
    });
  });
});
