import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';

import { FACTS, anEncodingJob, seedJob } from './job-fixture.ts';
import { aQueuedVideo, metadata } from './metadata-fixture.ts';

test('a queue that hangs does not hold up a runner that asks for a task', async () => {
  const run = await aQueuedVideo();
  await (await metadata()).encodeStarted(run);
  const twoTracks = FACTS.audio.flatMap((track) => [track, { ...track, track: 1, language: 'de' }]);
  const stub = await seedJob(anEncodingJob(run, { ...FACTS, audio: twoTracks }));
  await runInDurableObject(stub, (job) => {
    const queue = { sendBatch: () => new Promise<never>(() => undefined) };
    job['env'] = { ...job['env'], TRANSCODE_QUEUE: queue as unknown as Queue };
  });
  const { lease } = await stub.lease('runner-0');
  expect(lease).toMatchObject({ taskId: expect.any(String), epoch: 1 });
});
