import { runInDurableObject } from 'cloudflare:test';
import { afterEach, expect, test, vi } from 'vitest';

import type { TranscodeJob } from '../../durable-objects/transcode-job.ts';
import { STANDARD_PROFILE } from '../../src/contracts/profile.ts';
import type { SourceFacts } from '../../src/contracts/media.ts';
import { jobIdOf } from '../../src/contracts/ids.ts';
import { createJob, leaseTask } from '../../workers/transcoder/job-state.ts';
import { ACCOUNT } from './accounts.ts';
import { ENGINE, FACTS, seedJob, stateOf } from './job-fixture.ts';
import { aQueuedVideo, metadata } from './metadata-fixture.ts';
import type { Run } from './metadata-fixture.ts';
import { aLeasedAudioJob, storeAudio } from './stored-audio.ts';

const SEGMENTS = 60;

afterEach(() => {
  vi.restoreAllMocks();
});

async function aStartedVideo(): Promise<Run> {
  const run = await aQueuedVideo();
  await (await metadata()).encodeStarted(run);
  return run;
}

/** Lets something happen whenever the job has read from the store. */
function onRead(job: TranscodeJob, happens: () => Promise<void>): void {
  const bucket = job['env'].MEDIA;
  const slow = new Proxy(bucket, {
    get(target, name) {
      if (name !== 'get') return Reflect.get(target, name).bind(target);
      return async (...given: Parameters<R2Bucket['get']>) => {
        const object = await target.get(...given);
        await happens();
        return object;
      };
    },
  });
  job['env'] = { ...job['env'], MEDIA: slow };
}

test('a check that takes longer than a lease does not lose it', async () => {
  const run = await aStartedVideo();
  const { state, lease } = aLeasedAudioJob(run, SEGMENTS);
  const result = await storeAudio(run, lease, SEGMENTS);
  const stub = await seedJob(state);
  await runInDurableObject(stub, async (job) => {
    let now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now);
    onRead(job, async () => {
      now += 1000;
      await job.alarm();
    });
    await job.report(lease.taskId, lease.epoch, result);
  });
  const task = (await stateOf(stub)).tasks.find(({ id }) => id === lease.taskId);
  expect(task?.attempts).toMatchObject([{ epoch: 1, outcome: 'accepted' }]);
});

test('a store that is away costs no attempt: the task waits', async () => {
  const run = await aStartedVideo();
  const { state, lease } = aLeasedAudioJob(run, 2);
  const result = await storeAudio(run, lease, 2);
  const stub = await seedJob(state);
  await runInDurableObject(stub, async (job) => {
    onRead(job, () => Promise.reject(new Error('get: We encountered an internal error. (10001)')));
    await job.report(lease.taskId, lease.epoch, result);
  });
  const { phase, tasks } = await stateOf(stub);
  expect(phase).toBe('encoding');
  expect(tasks.find(({ id }) => id === lease.taskId)).toMatchObject({
    state: 'waiting',
    attempts: [{ outcome: 'unavailable' }],
  });
});

test('output that is not what was reported is a failed attempt', async () => {
  const run = await aStartedVideo();
  const { state, lease } = aLeasedAudioJob(run, 2);
  const result = await storeAudio(run, lease, 1);
  const stub = await seedJob(state);
  await stub.report(lease.taskId, lease.epoch, result);
  const task = (await stateOf(stub)).tasks.find(({ id }) => id === lease.taskId);
  expect(task).toMatchObject({ state: 'waiting', attempts: [{ outcome: 'failed' }] });
});

const PICTURES: SourceFacts = {
  ...FACTS,
  video: {
    ...{ codec: 'h264', width: 1920, height: 1080, rotation: 0, pixelFormat: 'yuv420p' },
    ...{ interlaced: false, hdr: false, durationSeconds: 12, startSeconds: 0, packets: 360 },
    frameRate: { numerator: 30, denominator: 1 },
  },
};

test('what the engine can encode, as its probe reports, decides which codecs of the profile are made', async () => {
  const run = await aStartedVideo();
  const settings = { ...STANDARD_PROFILE.settings, codecs: ['h264', 'hevc', 'av1'] as const };
  const job = createJob(
    {
      ...{ ...run, id: jobIdOf(run.revision), accountId: ACCOUNT, sourceSizeBytes: 1000 },
      ...{ maxDurationSeconds: 3600 },
      profile: { name: 'all', settings: { ...settings, codecs: [...settings.codecs] } },
    },
    Date.now(),
  );
  const stub = await seedJob(leaseTask(job, 'runner-0', Date.now()).state);
  const encoders = ['h264', 'av1'] as const;
  await stub.report('probe', 1, {
    ...{ kind: 'probe', facts: PICTURES, engine: ENGINE },
    encoders: [...encoders],
  });
  const ids = (await stateOf(stub)).tasks.map(({ id }) => id);
  expect(ids).toContain('av1-0');
  expect(ids.filter((id) => id.startsWith('hevc'))).toEqual([]);
});
