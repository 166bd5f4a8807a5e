import { env } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/d1';
import { describe, expect, test } from 'vitest';

import { createRevision } from '../../src/contracts/ids.ts';
import type { PlaybackRecord } from '../../src/contracts/media.ts';
import { playbackKey } from '../../src/contracts/object-keys.ts';
import { publishPlayback } from '../../workers/metadata/playback-record.ts';
import { ACCOUNT, call } from './accounts.ts';
import { aPendingVideo, aQueuedVideo, aReadyVideo, metadata } from './metadata-fixture.ts';

async function stateOf(uid: string): Promise<string | undefined> {
  return (await (await metadata()).findVideo(ACCOUNT, uid))?.state;
}

async function recordOf(uid: string): Promise<PlaybackRecord | undefined> {
  return (await env.MEDIA.get(playbackKey(uid)))?.json<PlaybackRecord>();
}

test('a video whose first run is under way is not ready yet, for who may see it', async () => {
  const open = await aQueuedVideo();
  const response = await call(`/${open.uid}/manifest/video.m3u8`, {}, '');
  expect(response.status).toBe(404);
  expect(response.headers.get('retry-after')).toBe('5');
  expect(await response.json()).toMatchObject({ code: 'video.not_ready' });
  const thumbnail = await call(`/${open.uid}/thumbnails/thumbnail.jpg`, {}, '');
  expect(await thumbnail.json()).toMatchObject({ code: 'video.not_ready' });
  expect((await call(`/${open.uid}/watch`, {}, '')).status).toBe(200);
  const closed = await aQueuedVideo({ requireSignedURLs: true });
  expect((await call(`/${closed.uid}/manifest/video.m3u8`, {}, '')).status).toBe(401);
});

describe('moves of a video', () => {
  test('a completed upload is queued once, whoever repeats it', async () => {
    const service = await metadata();
    const uid = await aPendingVideo();
    const run = { uid, revision: createRevision(Date.now()), sizeBytes: 10 };
    expect(await service.uploadCompleted(run)).toBe(true);
    expect(await service.uploadCompleted(run)).toBe(true);
    expect(await service.uploadCompleted({ ...run, revision: createRevision(Date.now()) })).toBe(
      false,
    );
    expect(await service.findVideo(ACCOUNT, uid)).toMatchObject({
      state: 'queued',
      revision: run.revision,
      sizeBytes: 10,
    });
  });

  test('a run that is not the current one moves nothing', async () => {
    const service = await metadata();
    const run = await aQueuedVideo();
    const stale = { ...run, revision: createRevision(0) };
    expect(await service.encodeStarted(stale)).toBe(false);
    expect(await service.published({ ...stale, durationSeconds: 1 })).toBe(false);
    expect(await service.failed(stale, 'ERR_UNKNOWN', 'x')).toBe(false);
    expect(await stateOf(run.uid)).toBe('queued');
  });

  test('publishing is fenced and may be repeated; a ready video does not fail any more', async () => {
    const service = await metadata();
    const run = await aReadyVideo();
    expect(await service.published({ ...run, durationSeconds: 12.5 })).toBe(true);
    expect(await service.failed(run, 'ERR_UNKNOWN', 'late')).toBe(false);
    expect(await recordOf(run.uid)).toMatchObject({ state: 'ready', revision: run.revision });
  });

  test('a failure carries its sentence to playback', async () => {
    const service = await metadata();
    const run = await aQueuedVideo();
    expect(await service.failed(run, 'ERR_NON_VIDEO', 'This is no video.')).toBe(true);
    expect(await recordOf(run.uid)).toMatchObject({
      state: 'error',
      errorReasonText: 'This is no video.',
    });
  });

  test('a new run keeps the published one playing until it is ready', async () => {
    const service = await metadata();
    const run = await aReadyVideo();
    const again = { uid: run.uid, revision: createRevision(Date.now() + 1) };
    await service.restart(ACCOUNT, { uid: run.uid, revision: again.revision });
    await service.encodeStarted(again);
    expect(await service.findVideo(ACCOUNT, run.uid)).toMatchObject({
      publishedRevision: run.revision,
      state: 'inprogress',
    });
    await expect(
      service.restart(ACCOUNT, { uid: run.uid, revision: 'other' }),
    ).rejects.toMatchObject({
      code: 'video.busy',
    });
    await service.published({ ...again, durationSeconds: 3 });
    expect(await recordOf(run.uid)).toMatchObject({ revision: again.revision });
  });

  test('an upload that ended without a file leaves no row, a complete one stays', async () => {
    const service = await metadata();
    const pending = await aPendingVideo();
    const { uid } = await aQueuedVideo();
    await service.uploadExpired(pending);
    await service.uploadExpired(uid);
    expect(await stateOf(pending)).toBeUndefined();
    expect(await stateOf(uid)).toBeDefined();
  });
});

describe('the playback record', () => {
  test('an older writer never replaces a newer record', async () => {
    const { uid } = await aReadyVideo();
    const newer = { ...(await recordOf(uid)), version: 1_000_000, requireSignedURLs: true };
    await env.MEDIA.put(playbackKey(uid), JSON.stringify(newer));
    await publishPlayback({ db: drizzle(env.DB), bucket: env.MEDIA }, uid);
    expect(await recordOf(uid)).toMatchObject({ version: 1_000_000, requireSignedURLs: true });
  });
});
