import { describe, expect, test } from 'vitest';

import { STANDARD_PROFILE } from '../../src/contracts/profile.ts';
import type { SourceFacts } from '../../src/contracts/media.ts';
import type { AcceptedOutput } from '../../workers/transcoder/accepted-output.ts';
import { describeJob, progressOf } from '../../workers/transcoder/describe-job.ts';
import {
  LEASE_MS,
  acceptedFrames,
  acceptFacts,
  acceptOutput,
  cancelJob,
  createJob,
  expireLeases,
  failAttempt,
  finishJob,
  heartbeat,
  holdsLease,
  issuePermits,
  leaseTask,
  loseOutputs,
  runnersToStop,
  wakeAt,
} from '../../workers/transcoder/job-state.ts';
import type { AttemptFailure, JobState } from '../../workers/transcoder/job-state.ts';

const FACTS: SourceFacts = {
  container: 'mov,mp4',
  durationSeconds: 70,
  video: {
    codec: 'h264',
    width: 640,
    height: 360,
    rotation: 0,
    frameRate: { numerator: 30, denominator: 1 },
    pixelFormat: 'yuv420p',
    interlaced: false,
    hdr: false,
    durationSeconds: 70,
    startSeconds: 0,
    packets: 2100,
  },
  audio: [
    {
      track: 0,
      codec: 'aac',
      channels: 2,
      sampleRate: 48_000,
      durationSeconds: 70,
      startSeconds: 0,
      packets: 3282,
    },
  ],
};
const ENGINE = 'ffmpeg 5.1.9 (native)';

function aJob(): JobState {
  const input = {
    id: 'job_1',
    uid: 'a'.repeat(32),
    accountId: 'default',
    revision: '1',
    sourceSizeBytes: 1,
  };
  return createJob({ ...input, maxDurationSeconds: 3600 }, 0);
}

/** A job whose source is known: every encode task waits. */
function anEncodingJob(): JobState {
  const { state } = leaseTask(aJob(), 'runner-0', 0);
  return acceptFacts(state, { epoch: 1, facts: FACTS, engine: ENGINE }, 10);
}

function outputOf(epoch: number, engine = ENGINE): AcceptedOutput & { engine: string } {
  return { epoch, parts: [100], renditions: [], engine };
}

function aFailure(
  taskId: string,
  epoch: number,
  more: Partial<AttemptFailure> = {},
): AttemptFailure {
  return {
    taskId,
    epoch,
    outcome: 'lost',
    code: 'ERR_UNKNOWN',
    text: 'Lost.',
    detail: '',
    retryable: true,
    ...more,
  };
}

/** Leases and finishes every task that is ready. */
function finishAll(state: JobState, now: number): JobState {
  const { state: leased, lease } = leaseTask(state, 'runner-0', now);
  if (lease === undefined) return leased;
  return finishAll(acceptOutput(leased, lease.taskId, outputOf(lease.epoch), now), now);
}

describe('leaseTask', () => {
  test('begins with the probe and nothing else', () => {
    const { state, lease } = leaseTask(aJob(), 'runner-0', 5);
    expect(lease).toMatchObject({ taskId: 'probe', epoch: 1 });
    expect(leaseTask(state, 'runner-1', 6).lease).toBeUndefined();
  });

  test('gives the start of the video first, then its sound, and no task twice', () => {
    let state = anEncodingJob();
    const ids: string[] = [];
    for (;;) {
      const next = leaseTask(state, 'runner-0', 20);
      if (next.lease === undefined) break;
      ids.push(next.lease.taskId);
      state = next.state;
    }
    expect(ids).toEqual([
      'video-0',
      'audio',
      'poster',
      'video-1',
      'video-2',
      'video-3',
      'storyboard',
    ]);
  });

  test('a final job gives nothing', () => {
    expect(leaseTask(cancelJob(anEncodingJob(), 20), 'runner-0', 30).lease).toBeUndefined();
  });
});

describe('heartbeat', () => {
  test('extends the lease; a stale epoch changes nothing', () => {
    const { state } = leaseTask(anEncodingJob(), 'runner-0', 100);
    const beaten = heartbeat(state, { taskId: 'video-0', epoch: 1, frames: 12 }, 5000);
    expect(expireLeases(beaten, 100 + LEASE_MS)).toBe(beaten);
    expect(heartbeat(beaten, { taskId: 'video-0', epoch: 0, frames: 99 }, 6000)).toBe(beaten);
  });

  test('sound beside pictures shows its own frames, and the job counts the pictures only', () => {
    const first = leaseTask(anEncodingJob(), 'runner-0', 0);
    const { state, lease } = leaseTask(first.state, 'runner-0', 1);
    expect(lease?.taskId).toBe('audio');
    const beaten = heartbeat(state, { taskId: 'audio', epoch: 1, frames: 1000 }, 2);
    const shown = (job: JobState) => describeJob(job).tasks.find(({ id }) => id === 'audio');
    const planned = shown(beaten)?.framesPlanned ?? 0;
    expect(planned).toBeGreaterThan(3000);
    expect(shown(beaten)?.framesDone).toBe(1000);
    const done = acceptOutput(beaten, 'audio', outputOf(1), 3);
    expect(shown(done)?.framesDone).toBe(planned);
    expect(describeJob(done)).toMatchObject({ plannedFrames: 2100, acceptedFrames: 0 });
  });
});

describe('expireLeases', () => {
  test('a silent task is leased again with a higher epoch, and the old one is refused', () => {
    const { state } = leaseTask(anEncodingJob(), 'runner-0', 0);
    const expired = expireLeases(state, LEASE_MS);
    const again = leaseTask(expired, 'runner-1', LEASE_MS + 60_000);
    expect(again.lease).toMatchObject({ taskId: 'video-0', epoch: 2 });
    expect(holdsLease(again.state, 'video-0', 1)).toBe(false);
    expect(acceptOutput(again.state, 'video-0', outputOf(1), LEASE_MS + 60_001)).toBe(again.state);
    const task = again.state.tasks.find(({ id }) => id === 'video-0');
    expect(task?.attempts.map(({ outcome }) => outcome)).toEqual(['expired', undefined]);
  });
});

describe('loseOutputs', () => {
  test('a task whose output is gone is done again, at most five times', () => {
    let state = finishAll(anEncodingJob(), 20);
    for (let lost = 1; lost <= 4; lost += 1) {
      expect(state.phase).toBe('publishing');
      state = loseOutputs(state, ['video-1'], lost * 60_000);
      expect(state.phase).toBe('encoding');
      expect(state.tasks.find(({ id }) => id === 'video-1')).not.toHaveProperty('output');
      expect(state.tasks.filter(({ state: each }) => each === 'done')).toHaveLength(
        state.tasks.length - 1,
      );
      state = finishAll(state, lost * 60_000 + 59_000);
    }
    const failure = { code: 'ERR_UNKNOWN', text: expect.stringContaining('lost') };
    expect(loseOutputs(state, ['video-1'], 600_000)).toMatchObject({ phase: 'error', failure });
  });

  test('changes nothing once the job is over', () => {
    const state = finishJob(finishAll(anEncodingJob(), 20), 30);
    expect(loseOutputs(state, ['video-1'], 40)).toBe(state);
  });
});

describe('failAttempt', () => {
  test('waits longer after each failure and gives up after five', () => {
    let state = anEncodingJob();
    let now = 0;
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const leased = leaseTask(state, 'runner-0', now);
      expect(leased.lease?.taskId).toBe('video-0');
      state = failAttempt(leased.state, aFailure('video-0', attempt), now);
      const early = leaseTask(state, 'runner-0', now + 500).lease?.taskId;
      expect(early).not.toBe('video-0');
      now += 60_000;
    }
    expect(state).toMatchObject({
      phase: 'error',
      failure: { code: 'ERR_UNKNOWN', text: 'Lost.' },
    });
  });

  test('an hour without the store costs no attempt; after six hours the job says so', () => {
    const HOUR_MS = 3600_000;
    let state = anEncodingJob();
    let now = 0;
    const failUntil = (end: number): void => {
      while (now < end && state.phase === 'encoding') {
        const leased = leaseTask(state, 'runner-0', now);
        const { taskId = '', epoch = 0 } = leased.lease ?? {};
        expect(taskId).toBe('video-0');
        state = failAttempt(leased.state, aFailure(taskId, epoch, { outcome: 'unavailable' }), now);
        now = Math.max(now + 1, state.tasks.find(({ id }) => id === taskId)?.notBefore ?? 0);
      }
    };
    failUntil(HOUR_MS);
    expect(state.phase).toBe('encoding');
    const { lease } = leaseTask(state, 'runner-0', now);
    expect(lease).toMatchObject({ taskId: 'video-0' });
    expect(lease?.epoch).toBeLessThan(30);
    failUntil(7 * HOUR_MS);
    expect(state).toMatchObject({
      phase: 'error',
      failure: { text: expect.stringContaining('six hours') },
    });
  });

  test('what a limit ends is tried once more, with other failures in between, and then judged', () => {
    let state = anEncodingJob();
    for (const [attempt, limited] of [true, false, true].entries()) {
      expect(state.phase).toBe('encoding');
      const now = attempt * 60_000;
      const leased = leaseTask(state, 'runner-0', now);
      const failure = aFailure('video-0', attempt + 1, { code: 'ERR_MALFORMED_VIDEO', limited });
      state = failAttempt(leased.state, failure, now);
    }
    expect(state).toMatchObject({ phase: 'error', failure: { code: 'ERR_MALFORMED_VIDEO' } });
  });

  test('a source that cannot be used ends the job at once', () => {
    const { state } = leaseTask(aJob(), 'runner-0', 0);
    const failure = aFailure('probe', 1, {
      code: 'ERR_NON_VIDEO',
      retryable: false,
      outcome: 'failed',
    });
    expect(failAttempt(state, failure, 1).phase).toBe('error');
  });

  test('a task handed back may be taken again at once, then ever more slowly, and it never counts', () => {
    let state = anEncodingJob();
    const waits: number[] = [];
    for (let epoch = 1, now = 0; epoch <= 10; epoch += 1) {
      const leased = leaseTask(state, 'runner-0', now);
      expect(leased.lease).toMatchObject({ taskId: 'video-0', epoch });
      state = failAttempt(
        leased.state,
        aFailure('video-0', epoch, { outcome: 'handed-back' }),
        now,
      );
      const { notBefore = 0 } = state.tasks.find(({ id }) => id === 'video-0') ?? {};
      waits.push(notBefore - now);
      now = notBefore;
    }
    expect(state.phase).toBe('encoding');
    expect(waits).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  test('a poster that cannot be made does not cost the video', () => {
    const next = (state: JobState): ReturnType<typeof leaseTask> => leaseTask(state, 'runner-0', 0);
    let leased = next(anEncodingJob());
    while (leased.lease?.taskId !== 'poster') {
      const { taskId = '', epoch = 0 } = leased.lease ?? {};
      leased = next(acceptOutput(leased.state, taskId, outputOf(epoch), 0));
    }
    const failed = failAttempt(leased.state, aFailure('poster', 1, { retryable: false }), 1);
    expect(failed.phase).toBe('encoding');
    expect(finishAll(failed, 2).phase).toBe('publishing');
  });

  test('a codec that cannot be made is left out whole, and the video is published without it', () => {
    const profile = {
      name: 'efficient',
      settings: { ...STANDARD_PROFILE.settings, codecs: ['h264' as const, 'av1' as const] },
    };
    const { state } = leaseTask({ ...aJob(), profile }, 'runner-0', 0);
    let job = acceptFacts(
      state,
      { epoch: 1, facts: FACTS, engine: ENGINE, encoders: ['h264', 'av1'] },
      10,
    );
    const av1 = job.tasks.filter(({ id }) => id.startsWith('av1-'));
    expect(av1.length).toBeGreaterThan(2);
    for (;;) {
      const leased = leaseTask(job, 'runner-0', 20);
      const { taskId, epoch = 0 } = leased.lease ?? {};
      if (taskId === undefined) break;
      job =
        taskId === 'av1-1'
          ? failAttempt(leased.state, aFailure(taskId, epoch, { retryable: false }), 20)
          : acceptOutput(leased.state, taskId, outputOf(epoch), 20);
    }
    expect(job.phase).toBe('publishing');
    expect(job.tasks.find(({ id }) => id === 'av1-2')?.attempts).toEqual([]);
    expect(job.failure).toBeUndefined();
  });

  test('a stale failure changes nothing', () => {
    const { state } = leaseTask(anEncodingJob(), 'runner-0', 0);
    expect(failAttempt(state, aFailure('video-0', 7), 1)).toBe(state);
  });
});

describe('acceptOutput', () => {
  test('the last task moves the job to publishing; a repeated report changes nothing', () => {
    const state = finishAll(anEncodingJob(), 50);
    expect(state.phase).toBe('publishing');
    expect(acceptOutput(state, 'video-0', outputOf(1), 60)).toBe(state);
    expect(finishJob(state, 70).phase).toBe('ready');
  });

  test('progress counts accepted frames only and never goes back', () => {
    let state = anEncodingJob();
    expect(progressOf(state)).toEqual({ acceptedFrames: 0, plannedFrames: 2100 });
    const first = leaseTask(state, 'runner-0', 0);
    state = heartbeat(first.state, { taskId: 'video-0', epoch: 1, frames: 100 }, 10);
    expect(progressOf(state).acceptedFrames).toBe(0);
    state = acceptOutput(state, 'video-0', outputOf(1), 20);
    expect(progressOf(state).acceptedFrames).toBe(180);
    const second = leaseTask(state, 'runner-0', 30);
    state = failAttempt(second.state, aFailure(second.lease?.taskId ?? '', 1), 40);
    expect(progressOf(state).acceptedFrames).toBe(180);
  });

  test('output of another engine makes the earlier outputs be made again', () => {
    const first = leaseTask(anEncodingJob(), 'runner-0', 0);
    const one = acceptOutput(first.state, 'video-0', outputOf(1), 1);
    const second = leaseTask(one, 'runner-0', 2);
    const two = acceptOutput(second.state, 'audio', outputOf(1, 'ffmpeg 7.1 (native)'), 3);
    expect(two.tasks.find(({ id }) => id === 'video-0')?.state).toBe('waiting');
    expect(two.tasks.find(({ id }) => id === 'audio')?.state).toBe('done');
    expect(acceptedFrames(one)).toBeGreaterThan(0);
    expect(acceptedFrames(two)).toBe(acceptedFrames(one));
    expect(
      finishAll(two, 4).tasks.every(({ state }) => state === 'done' || state === 'waiting'),
    ).toBe(true);
  });
});

describe('cancelJob', () => {
  test('ends running attempts, names their runners, and lets nothing late in', () => {
    const { state } = leaseTask(anEncodingJob(), 'runner-3', 0);
    const cancelled = cancelJob(state, 5);
    expect(runnersToStop(cancelled)).toEqual(['runner-3']);
    expect(acceptOutput(cancelled, 'video-0', outputOf(1), 6)).toBe(cancelled);
    expect(cancelJob(cancelled, 7)).toBe(cancelled);
  });
});

describe('issuePermits', () => {
  test('sends one a ready task, at most four, and none twice', () => {
    const { state, count } = issuePermits(anEncodingJob(), 0);
    expect(count).toBe(4);
    expect(issuePermits(state, 1)).toEqual({ state, count: 0 });
  });

  test('a freed slot gets one at once, even while others wait for their next try', () => {
    const { state } = issuePermits(anEncodingJob(), 0);
    expect(issuePermits(state, 1, true).count).toBe(1);
    expect(issuePermits(finishAll(state, 2), 3, true).count).toBe(0);
  });

  test('a permit that nobody used is sent again', () => {
    const { state } = issuePermits(anEncodingJob(), 0);
    expect(issuePermits(state, 30_000).count).toBe(4);
  });
});

describe('wakeAt', () => {
  test('a job that is not over always has something to wake it', () => {
    const { state } = leaseTask(anEncodingJob(), 'runner-0', 0);
    expect(wakeAt(state, 0)).toBeLessThanOrEqual(LEASE_MS);
    expect(wakeAt(aJob(), 0)).toBeDefined();
    expect(wakeAt(cancelJob(state, 1), 1)).toBeUndefined();
  });
});
