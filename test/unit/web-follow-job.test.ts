import { describe, expect, test, vi } from 'vitest';

import { ApiError } from '../../web/src/api-error.ts';
import { followJob } from '../../web/src/follow-job.ts';
import type { Job, JobState } from '../../web/src/wire.ts';

function aJob(state: JobState): Job {
  return {
    id: 'job_1',
    uid: 'a'.repeat(32),
    state,
    phase: 'encode',
    acceptedFrames: 0,
    plannedFrames: 0,
    pctComplete: 0,
    renditions: [],
    tasks: [],
  };
}

function aStream(...states: readonly JobState[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const text = states.map((state) => `event: progress\ndata: ${JSON.stringify(aJob(state))}\n\n`);
  return new Blob([text.join('')]).stream();
}

describe('followJob', () => {
  test('opens a dropped stream again until the job has ended', async () => {
    const streams = [aStream('queued'), aStream('inprogress'), aStream('inprogress', 'ready')];
    const seen: string[] = [];
    const done = await followJob({
      api: { openProgress: async () => streams.shift() ?? aStream() },
      jobId: 'job_1',
      signal: new AbortController().signal,
      onProgress: (job) => seen.push(job.state),
    });
    expect(done.state).toBe('ready');
    expect(seen).toEqual(['queued', 'inprogress', 'inprogress', 'ready']);
  });

  test('waits for a job that has not begun yet', async () => {
    const answers = [
      () => Promise.reject(new ApiError({ status: 404, message: 'No such job.' })),
      () => Promise.resolve(aStream('ready')),
    ];
    const done = await followJob({
      api: { openProgress: () => answers.shift()?.() ?? Promise.resolve(aStream()) },
      jobId: 'job_1',
      signal: new AbortController().signal,
      onProgress: vi.fn(),
    });
    expect(done.state).toBe('ready');
  });

  test('gives up at once when the job may not be read', async () => {
    const openProgress = vi.fn(() =>
      Promise.reject(new ApiError({ status: 403, message: 'Not yours.' })),
    );
    const options = { jobId: 'job_1', signal: new AbortController().signal, onProgress: vi.fn() };
    await expect(followJob({ api: { openProgress }, ...options })).rejects.toThrow('Not yours.');
    expect(openProgress).toHaveBeenCalledOnce();
  });
});
