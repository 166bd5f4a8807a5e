import { env } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';

import type { ImageOrder } from '../../src/contracts/image-task.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { PlaybackKeys } from '../../workers/streaming/playback-keys.ts';
import { PlaybackRecords } from '../../workers/streaming/playback-records.ts';
import { createPlayback } from '../../workers/streaming/playback.ts';
import { SegmentMaps } from '../../workers/streaming/segment-maps.ts';
import { TokenMemory } from '../../workers/streaming/token-memory.ts';
import { heldMetrics } from './held-metrics.ts';
import { call } from './accounts.ts';
import { playOnce, seedKey, seedVideo, textOf } from './playback-fixture.ts';
import type { SeededVideo } from './playback-fixture.ts';

const silent = createLogger('error').with({ test: true });
vi.spyOn(silent, 'warn').mockReturnValue();
vi.spyOn(silent, 'error').mockReturnValue();

type MakeImage = (order: ImageOrder) => Promise<boolean>;

/** Playback with a transcoder that answers as told. */
function playbackWith(
  makeImage: MakeImage | undefined,
): (path: string, headers?: Record<string, string>) => Promise<Response> {
  const playback = createPlayback({
    media: env.MEDIA,
    assets: env.ASSETS,
    records: new PlaybackRecords(env.MEDIA),
    keys: new PlaybackKeys(env.MEDIA, silent),
    tokens: new TokenMemory(),
    maps: new SegmentMaps(env.MEDIA),
    metrics: heldMetrics().metrics,
    findCache: () => undefined,
    findTranscoder: () => makeImage && { makeImage },
  });
  return (path, headers = {}) =>
    playOnce(playback, new Request(`http://gate.test${path}`, { headers }), silent);
}

/** A transcoder that stores its order's name as the image, and remembers its orders. */
function aTranscoder(): { readonly makeImage: MakeImage; readonly orders: ImageOrder[] } {
  const orders: ImageOrder[] = [];
  return {
    orders,
    makeImage: async (order) => {
      orders.push(order);
      await env.MEDIA.put(order.key, 'image bytes');
      return true;
    },
  };
}

function jpg({ uid }: SeededVideo, query: string): string {
  return `/${uid}/thumbnails/thumbnail.jpg?${query}`;
}

describe('a thumbnail', () => {
  test('is made once of the right segment, kept below the run and served like a file', async () => {
    const video = await seedVideo();
    const { makeImage, orders } = aTranscoder();
    const get = playbackWith(makeImage);
    const path = jpg(video, 'time=3s&height=90');
    const first = await get(path);
    expect(first.status).toBe(200);
    expect(await textOf(first)).toBe('image bytes');
    expect(orders).toEqual([
      {
        key: `videos/${video.uid}/${video.revision}/images/1-90-160x90-scale.jpg`,
        input: [
          { key: video.objectKeys[0], offset: 0, length: 50 },
          { key: video.objectKeys[0], offset: 1050, length: 700 },
        ],
        task: { format: 'jpg', firstFrame: 30, width: 160, height: 90, fit: 'scale' },
      },
    ]);
    expect(first.headers.get('content-type')).toBe('image/jpeg');
    expect(first.headers.get('cache-control')).toBe('public, max-age=300');
    expect(first.headers.get('access-control-allow-origin')).toBe('*');
    const etag = first.headers.get('etag') ?? '';
    expect((await get(path, { 'if-none-match': etag })).status).toBe(304);
    const part = await get(path, { range: 'bytes=0-4' });
    expect(part.status).toBe(206);
    expect(await textOf(part)).toBe('image');
    expect(orders).toHaveLength(1);
  });

  test('shares one picture within a tenth of a second and beyond the end', async () => {
    const video = await seedVideo();
    const { makeImage, orders } = aTranscoder();
    const get = playbackWith(makeImage);
    for (const time of ['1', '1.04', '1s', '7.5', '5m', '9h'])
      await textOf(await get(jpg(video, `time=${time}&width=160`)));
    expect(orders.map(({ task }) => task.firstFrame)).toEqual([30, 44]);
    expect(orders[1]?.input.at(-1)).toMatchObject({ key: video.objectKeys[1], length: 300 });
  });

  test('without parameters is the poster, or the place that the owner chose', async () => {
    const plain = await seedVideo();
    const chosen = await seedVideo({ record: { thumbnailTimestampPct: 0.5 } });
    const { makeImage, orders } = aTranscoder();
    const get = playbackWith(makeImage);
    expect((await get(jpg(plain, 'time=&height='))).headers.get('content-length')).toBe('80');
    expect(orders).toEqual([]);
    expect(await textOf(await get(jpg(chosen, '')))).toBe('image bytes');
    expect(orders[0]?.task.firstFrame).toBe(51);
  });

  test('may be an animation', async () => {
    const video = await seedVideo();
    const { makeImage, orders } = aTranscoder();
    const get = playbackWith(makeImage);
    const gif = `/${video.uid}/thumbnails/thumbnail.gif`;
    const response = await get(`${gif}?time=1s&duration=2s&fps=5&width=64&height=64`);
    expect(response.headers.get('content-type')).toBe('image/gif');
    await textOf(response);
    await textOf(await get(gif));
    expect(orders.map(({ task }) => task)).toEqual([
      { format: 'gif', firstFrame: 30, frames: 60, fps: 5, width: 64, height: 64, fit: 'crop' },
      { format: 'gif', firstFrame: 21, frames: 150, fps: 8, width: 320, height: 180, fit: 'scale' },
    ]);
    expect(orders[0]?.input).toHaveLength(3);
  });

  test.each([
    ['jpg', 'time=abc', 'time'],
    ['jpg', 'time=-1s', 'time'],
    ['jpg', 'time=1m2h', 'time'],
    ['jpg', 'height=0', 'height'],
    ['jpg', 'width=2001', 'width'],
    ['jpg', 'width=10.5', 'width'],
    ['jpg', 'fit=cover', 'fit'],
    ['gif', 'width=641', 'width'],
    ['gif', 'duration=11s', 'duration'],
    ['gif', 'duration=0', 'duration'],
    ['gif', 'fps=16', 'fps'],
    ['gif', 'fps=0', 'fps'],
  ])('.%s?%s is refused by the name of %s', async (format, query, name) => {
    const video = await seedVideo();
    const get = playbackWith(async () => {
      throw new Error('must not be asked');
    });
    const response = await get(`/${video.uid}/thumbnails/thumbnail.${format}?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'request.invalid', pointer: `/${name}` });
  });

  test.each<[string, MakeImage | undefined]>([
    ['is missing', undefined],
    ['has no room', async () => false],
    ['fails', async () => Promise.reject(new Error('gone'))],
    ['says that it made what is not there', async () => true],
  ])('is the poster for a moment when the transcoder %s, else 503', async (_, makeImage) => {
    const get = playbackWith(makeImage);
    for (const name of ['thumbnail.jpg?time=1s', 'thumbnail.gif']) {
      const video = await seedVideo();
      const response = await get(`/${video.uid}/thumbnails/${name}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('x-image-fallback')).toBe('poster');
      expect(response.headers.get('cache-control')).toBe('public, max-age=5');
      expect(response.headers.get('content-type')).toBe('image/jpeg');
      expect((await response.arrayBuffer()).byteLength).toBe(80);
      const bare = await seedVideo({ hasPoster: false });
      const refused = await get(`/${bare.uid}/thumbnails/${name}`);
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toBe('5');
      expect(refused.headers.get('access-control-allow-origin')).toBe('*');
    }
  });

  test('that is kept needs no transcoder', async () => {
    const video = await seedVideo();
    await textOf(await playbackWith(aTranscoder().makeImage)(jpg(video, 'time=1s')));
    const response = await playbackWith(undefined)(jpg(video, 'time=1s'));
    expect(await textOf(response)).toBe('image bytes');
  });

  test('of sound alone is not there', async () => {
    const video = await seedVideo({ renditions: ['audio'], hasPoster: false });
    const response = await playbackWith(undefined)(jpg(video, 'time=1s'));
    expect(response.status).toBe(404);
  });

  test('of a protected video needs the token, also when it is kept', async () => {
    const video = await seedVideo({ record: { requireSignedURLs: true } });
    const sign = await seedKey(video.accountId);
    const token = await sign({ sub: video.uid });
    const get = playbackWith(aTranscoder().makeImage);
    const response = await get(`/${token}/thumbnails/thumbnail.jpg?time=1s`);
    expect(response.headers.get('cache-control')).toMatch(/^private, max-age=\d+$/);
    expect(await textOf(response)).toBe('image bytes');
    expect((await get(jpg(video, 'time=1s'))).status).toBe(401);
  });

  test('through the whole Worker, without an encoder, is the poster', async () => {
    const video = await seedVideo();
    const response = await call(jpg(video, 'time=1s'), {}, '');
    expect(response.headers.get('x-image-fallback')).toBe('poster');
    await response.arrayBuffer();
  });
});

describe('a storyboard', () => {
  test('names its sheet relative in VTT and absolute in JSON', async () => {
    const video = await seedVideo({ record: { requireSignedURLs: true } });
    const token = await (await seedKey(video.accountId))({ sub: video.uid });
    const get = playbackWith(undefined);
    const vtt = await textOf(await get(`/${token}/storyboard.vtt`));
    expect(vtt.split('\n\n').slice(0, 2)).toEqual([
      'WEBVTT',
      '00:00:00.000 --> 00:00:01.000\nstoryboard.jpg#xywh=0,0,160,90',
    ]);
    expect(vtt).toContain('00:00:07.000 --> 00:00:07.500\nstoryboard.jpg#xywh=320,90,160,90\n');
    const json = await (await get(`/${token}/storyboard.json?x=1`)).json();
    expect(json).toMatchObject({
      url: `http://gate.test/${token}/storyboard.jpg`,
      tileWidth: 160,
      tileHeight: 90,
    });
    expect((json as { tiles: unknown[] }).tiles.at(-1)).toEqual({ startTime: 7, x: 320, y: 90 });
    const sheet = await get(new URL((json as { url: string }).url).pathname);
    expect(new Uint8Array(await sheet.arrayBuffer())).toEqual(video.objects[0]?.subarray(200, 260));
  });

  test('in JSON has another tag under another address', async () => {
    const video = await seedVideo();
    const sign = await seedKey(video.accountId);
    const get = playbackWith(undefined);
    const tags = new Set<string | null>();
    for (const id of [video.uid, await sign({ sub: video.uid })]) {
      const response = await get(`/${id}/storyboard.json`);
      tags.add(response.headers.get('etag'));
      await textOf(response);
    }
    expect(tags.size).toBe(2);
  });
});
