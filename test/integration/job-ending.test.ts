import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { createRevision } from '../../src/contracts/ids.ts';
import { imageKey, segmentMapKey } from '../../src/contracts/object-keys.ts';
import { cancelJob } from '../../workers/transcoder/job-state.ts';
import { ACCOUNT } from './accounts.ts';
import { aPublishingJob, seedJob, stateOf } from './job-fixture.ts';
import { aQueuedVideo, metadata } from './metadata-fixture.ts';
import type { Run } from './metadata-fixture.ts';

async function aStartedVideo(): Promise<Run> {
  const run = await aQueuedVideo();
  await (await metadata()).encodeStarted(run);
  return run;
}

async function poke(stub: Awaited<ReturnType<typeof seedJob>>): Promise<void> {
  await stub.poke();
  await runDurableObjectAlarm(stub);
}

/** Publishes the run as the job does, but the job never hears the answer. */
async function publishUnheard(run: Run): Promise<void> {
  await env.MEDIA.put(segmentMapKey(run.uid, run.revision), '{}');
  await (await metadata()).published({ ...run, durationSeconds: 12 });
}

async function isStored(key: string): Promise<boolean> {
  return (await env.MEDIA.head(key)) !== null;
}

describe('a job that is being published', () => {
  test('cannot be cancelled any more', async () => {
    const run = await aStartedVideo();
    const { state, key } = await aPublishingJob(run);
    const stub = await seedJob(state);
    expect(await stub.cancel()).toBe('publishing');
    await poke(stub);
    expect(await stateOf(stub)).toMatchObject({ phase: 'ready', settled: true });
    expect(await isStored(key)).toBe(true);
  });

  test('ends ready when it is published already and a newer run has begun', async () => {
    const run = await aStartedVideo();
    const { state, key } = await aPublishingJob(run);
    const stub = await seedJob(state);
    await publishUnheard(run);
    await (
      await metadata()
    ).restart(ACCOUNT, {
      uid: run.uid,
      revision: createRevision(Date.now() + 1),
    });
    await poke(stub);
    expect(await stateOf(stub)).toMatchObject({ phase: 'ready', settled: true });
    expect(await isStored(key)).toBe(true);
    expect(await isStored(segmentMapKey(run.uid, run.revision))).toBe(true);
  });
});

describe('a job that was stopped', () => {
  test('keeps its objects when its run is the one that plays', async () => {
    const run = await aStartedVideo();
    const { state, key } = await aPublishingJob(run);
    await publishUnheard(run);
    const image = imageKey(run.uid, run.revision, 'a.jpg');
    await env.MEDIA.put(image, 'made meanwhile');
    const stub = await seedJob(cancelJob(state, Date.now()));
    await poke(stub);
    expect(await isStored(image)).toBe(true);
    expect(await stateOf(stub)).toMatchObject({ settled: true });
    expect(await isStored(key)).toBe(true);
    expect(await isStored(segmentMapKey(run.uid, run.revision))).toBe(true);
  });

  test('leaves no object when its run never played', async () => {
    const run = await aStartedVideo();
    const { state, key } = await aPublishingJob(run);
    const image = imageKey(run.uid, run.revision, 'a.jpg');
    await env.MEDIA.put(image, 'of nothing');
    const stub = await seedJob(cancelJob(state, Date.now()));
    await poke(stub);
    expect(await stateOf(stub)).toMatchObject({ settled: true });
    expect(await isStored(key)).toBe(false);
    expect(await isStored(image)).toBe(false);
    expect(await (await metadata()).findVideo(ACCOUNT, run.uid)).toMatchObject({ state: 'error' });
  });
});
