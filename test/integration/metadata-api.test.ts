import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { createUid } from '../../src/contracts/ids.ts';
import { playbackKey } from '../../src/contracts/object-keys.ts';
import { ACCOUNT, call, seedToken } from './accounts.ts';
import {
  STREAM,
  aPendingVideo,
  aQueuedVideo,
  aReadyVideo,
  eventsOf,
  metadata,
} from './metadata-fixture.ts';

interface Envelope<T> {
  readonly success: boolean;
  readonly result: T;
  readonly errors: { code: number; message: string; source?: { pointer: string } }[];
  readonly total?: string;
  readonly range?: string;
}

interface Video {
  readonly uid: string;
  readonly meta: { name: string };
}

const READER = 'reader-token-0123456789abcdef0123456789';

async function list(query = ''): Promise<Envelope<Video[]>> {
  const response = await call(`${STREAM}${query}`);
  expect(response.status).toBe(200);
  return response.json();
}

function edit(uid: string, fields: unknown, token?: string): Promise<Response> {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  };
  return call(`${STREAM}/${uid}`, init, token);
}

async function errorOf(response: Response): Promise<[number, number, string | undefined]> {
  const { errors, success } = await response.json<Envelope<null>>();
  expect(success).toBe(false);
  return [response.status, errors[0]?.code ?? 0, errors[0]?.source?.pointer];
}

describe('list', () => {
  test('newest first, filtered by what is asked', async () => {
    const one = await aReadyVideo({ name: 'Ünïcode 100%_holiday.mp4', creator: 'ada' });
    const two = await aQueuedVideo({ name: 'other.mp4' });
    expect((await list()).result).toHaveLength(2);
    expect((await list('?asc=true')).result.map(({ uid }) => uid).toSorted()).toEqual(
      [one.uid, two.uid].toSorted(),
    );
    const only = async (query: string): Promise<string[]> =>
      (await list(query)).result.map(({ uid }) => uid);
    expect(await only('?status=ready')).toEqual([one.uid]);
    expect(await only(`?search=${encodeURIComponent('%_HOLIDAY')}`)).toEqual([one.uid]);
    expect(await only('?search=_')).toEqual([one.uid]);
    expect(await only('?creator=ada')).toEqual([one.uid]);
    expect(await only('?name=other.mp4')).toEqual([two.uid]);
    expect(await only(`?id=${two.uid},${createUid()}`)).toEqual([two.uid]);
    expect(await only('?type=live')).toEqual([]);
    expect(await only('?after=2999-01-01T00%3A00%3A00Z')).toEqual([]);
    expect(await only('?unknown=parameter')).toHaveLength(2);
  });

  test('counts are strings at the top level, and only on request', async () => {
    await aPendingVideo();
    await aPendingVideo();
    expect(await list('?include_counts=true&limit=1')).toMatchObject({ total: '2', range: '1' });
    expect(await list()).not.toHaveProperty('total');
  });

  test.each(['limit=0', 'limit=1001', 'after=yesterday', 'status=broken', 'id=nonsense'])(
    '?%s is refused by name',
    async (query) => {
      const [status, code, pointer] = await errorOf(await call(`${STREAM}?${query}`));
      expect([status, code]).toEqual([400, 10005]);
      expect(pointer).toContain(query.split('=')[0] ?? '');
    },
  );
});

describe('get', () => {
  test('every field of the Video object is there', async () => {
    const { uid } = await aReadyVideo();
    const { result } = await (
      await call(`${STREAM}/${uid}`)
    ).json<Envelope<Record<string, unknown>>>();
    expect(result).toMatchObject({
      uid,
      readyToStream: true,
      duration: 12.5,
      input: { width: -1, height: -1 },
      size: 1000,
      meta: { name: 'film.mp4' },
      status: { state: 'ready', pctComplete: '100.000000', errorReasonCode: '' },
      playback: {
        hls: expect.stringMatching(`/${uid}/manifest/video.m3u8$`),
        dash: expect.stringMatching(`/${uid}/manifest/video.mpd$`),
      },
    });
    expect(result['created']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    for (const name of [
      'creator',
      'watermark',
      'liveInput',
      'clippedFrom',
      'scheduledDeletion',
      'publicDetails',
      'uploadExpiry',
    ]) {
      expect(result[name]).toBeNull();
    }
  });

  test('a foreign, unknown or malformed uid is 404', async () => {
    const { uid } = await aReadyVideo();
    await seedToken('another-account-token-0123456789abcdef', ['admin'], 'other');
    expect(
      await errorOf(
        await call(
          `/client/v4/accounts/other/stream/${uid}`,
          {},
          'another-account-token-0123456789abcdef',
        ),
      ),
    ).toEqual([404, 10003, undefined]);
    expect(
      await errorOf(await call(`${STREAM}/${uid}`, {}, 'another-account-token-0123456789abcdef')),
    ).toEqual([403, 10002, undefined]);
    expect((await errorOf(await call(`${STREAM}/${createUid()}`)))[0]).toBe(404);
    expect((await errorOf(await call(`${STREAM}/not-a-uid`)))[0]).toBe(404);
  });
});

describe('edit', () => {
  test('changes what is sent, keeps what is absent, removes what is null', async () => {
    const { uid } = await aReadyVideo({ creator: 'ada' });
    await edit(uid, { meta: { name: 'New name' }, scheduledDeletion: '2999-01-01T00:00:00Z' });
    const response = await edit(uid, {
      creator: null,
      requireSignedURLs: true,
      allowedOrigins: ['*.example.com', 'localhost:8080'],
    });
    const { result } = await response.json<Envelope<Record<string, unknown>>>();
    expect(result).toMatchObject({
      creator: null,
      meta: { name: 'New name' },
      requireSignedURLs: true,
      scheduledDeletion: '2999-01-01T00:00:00.000000Z',
    });
    const record = await (await env.MEDIA.get(playbackKey(uid)))?.json();
    expect(record).toMatchObject({
      requireSignedURLs: true,
      allowedOrigins: ['*.example.com', 'localhost:8080'],
    });
  });

  test.each([
    [{ size: 5 }, '/size'],
    [{ status: { state: 'ready' } }, '/status'],
    [{ allowedOrigins: ['https://example.com/path'] }, '/allowedOrigins/0'],
    [{ thumbnailTimestampPct: 2 }, '/thumbnailTimestampPct'],
    [{ maxDurationSeconds: 0 }, '/maxDurationSeconds'],
    [{ requireSignedURLs: 'yes' }, '/requireSignedURLs'],
    [{ uid: 'b'.repeat(32) }, '/uid'],
    [{ uploadExpiry: '2999-01-01T00:00:00Z' }, '/uploadExpiry'],
  ])('%j is refused by name', async (fields, name) => {
    const { uid } = await aReadyVideo();
    const response = await edit(uid, fields);
    expect(response.status).toBe(400);
    expect(JSON.stringify(await response.json())).toContain(name);
  });

  test('needs the scope', async () => {
    await seedToken(READER, ['videos:read']);
    const { uid } = await aReadyVideo();
    expect((await errorOf(await edit(uid, { creator: 'x' }, READER)))[0]).toBe(403);
    expect((await call(`${STREAM}/${uid}`, {}, READER)).status).toBe(200);
    expect((await errorOf(await call(`${STREAM}/${uid}`, {}, '')))[0]).toBe(401);
  });
});

describe('delete', () => {
  test('the video is gone at once, for the API and for playback', async () => {
    const { uid } = await aReadyVideo();
    const response = await call(`${STREAM}/${uid}`, { method: 'DELETE' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect((await call(`${STREAM}/${uid}`)).status).toBe(404);
    expect(await env.MEDIA.head(playbackKey(uid))).toBeNull();
    expect((await call(`${STREAM}/${uid}`, { method: 'DELETE' })).status).toBe(404);
    await expect(
      (await metadata()).createVideo({ uid, accountId: ACCOUNT, name: 'back', meta: {} }),
    ).rejects.toMatchObject({ code: 'video.not_found' });
  });

  test('every object and row goes, in whatever state the video is', async () => {
    for (const uid of [
      await aPendingVideo(),
      (await aQueuedVideo()).uid,
      (await aReadyVideo()).uid,
    ]) {
      await env.MEDIA.put(`videos/${uid}/source`, 'x');
      await env.MEDIA.put(`videos/${uid}/run/tasks/video-0.1.0`, 'x');
      await call(`${STREAM}/${uid}`, { method: 'DELETE' });
      await expect
        .poll(async () => (await env.MEDIA.list({ prefix: `videos/${uid}/` })).objects.length, {
          timeout: 10_000,
        })
        .toBe(0);
      await expect.poll(() => eventsOf(uid), { timeout: 10_000 }).toEqual([]);
      const row = await env.DB.prepare('SELECT uid FROM videos WHERE uid = ?').bind(uid).first();
      expect(row).toBeNull();
    }
  });
});

test('a method that the address does not take is 405', async () => {
  expect((await errorOf(await call(STREAM, { method: 'PUT' })))[0]).toBe(405);
});
