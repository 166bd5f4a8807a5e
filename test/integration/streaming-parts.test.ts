import { env } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';

import { createUid } from '../../src/contracts/ids.ts';
import type { CacheApi } from '../../src/contracts/service-apis.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { PlaybackKeys } from '../../workers/streaming/playback-keys.ts';
import { PlaybackRecords } from '../../workers/streaming/playback-records.ts';
import { createPlayback } from '../../workers/streaming/playback.ts';
import type { PlaybackParts } from '../../workers/streaming/playback.ts';
import { SegmentMaps } from '../../workers/streaming/segment-maps.ts';
import { TokenMemory } from '../../workers/streaming/token-memory.ts';
import { heldMetrics } from './held-metrics.ts';
import { playOnce, seedKey, seedVideo, textOf } from './playback-fixture.ts';

const silent = createLogger('error').with({ test: true });
vi.spyOn(silent, 'error').mockReturnValue();
vi.spyOn(silent, 'warn').mockReturnValue();

/** A bucket that can be switched off. */
function switchedBucket(): { readonly media: R2Bucket; isDown: boolean; reads: number } {
  const state = {
    isDown: false,
    reads: 0,
    media: new Proxy(env.MEDIA, {
      get: (bucket, name) => {
        if (name !== 'get') return Reflect.get(bucket, name) as unknown;
        return async (key: string, options?: R2GetOptions) => {
          state.reads += 1;
          if (state.isDown) throw new Error('get: Unspecified error (0)');
          return options === undefined ? bucket.get(key) : bucket.get(key, options);
        };
      },
    }),
  };
  return state;
}

function appOf(
  media: R2Bucket,
  more: Partial<PlaybackParts> = {},
): (path: string) => Promise<Response> {
  const playback = createPlayback({
    media,
    assets: env.ASSETS,
    records: new PlaybackRecords(media),
    keys: new PlaybackKeys(media, silent),
    tokens: new TokenMemory(),
    maps: new SegmentMaps(media),
    metrics: heldMetrics().metrics,
    findCache: () => undefined,
    findTranscoder: () => undefined,
    ...more,
  });
  return (path) => playOnce(playback, new Request(`http://gate.test${path}`), silent);
}

describe('when R2 fails', () => {
  test('the answer is 503 with Retry-After and CORS', async () => {
    const bucket = switchedBucket();
    bucket.isDown = true;
    const response = await appOf(bucket.media)(`/${createUid()}/manifest/video.m3u8`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.text()).not.toContain('Unspecified');
  });

  test('a segment is 503, while what this isolate knows goes on', async () => {
    const video = await seedVideo({ record: { requireSignedURLs: true } });
    const sign = await seedKey(video.accountId);
    const token = await sign({ sub: video.uid });
    const bucket = switchedBucket();
    const get = appOf(bucket.media);
    const playlist = `/${token}/media/${video.revision}/360p/playlist.m3u8`;
    const segment = `/${token}/media/${video.revision}/360p/0.m4s`;
    expect((await get(playlist)).status).toBe(200);
    bucket.isDown = true;
    expect((await get(playlist)).status).toBe(200);
    expect((await get(segment)).status).toBe(503);
  });

  test('tokens are checked with the last good keys, however old', async () => {
    const video = await seedVideo();
    await seedKey(video.accountId);
    const bucket = switchedBucket();
    const keys = new PlaybackKeys(bucket.media, silent);
    const before = await keys.get(video.accountId, 0, 60_000);
    bucket.isDown = true;
    expect(await keys.get(video.accountId, 3_600_000, 60_000)).toBe(before);
    await expect(keys.get('another', 0, 60_000)).rejects.toMatchObject({
      code: 'service.unavailable',
    });
  });
});

describe('what an isolate keeps', () => {
  test('is a record for three seconds, and its absence for one', async () => {
    const video = await seedVideo();
    const bucket = switchedBucket();
    const records = new PlaybackRecords(bucket.media);
    for (const now of [0, 2999, 3000, 5999]) await records.find(video.uid, now);
    expect(bucket.reads).toBe(2);
    const missing = createUid();
    for (const now of [0, 999, 1000]) await records.find(missing, now);
    expect(bucket.reads).toBe(4);
  });

  test('is one read of a segment map, then one ranged read a segment', async () => {
    const video = await seedVideo();
    const bucket = switchedBucket();
    const get = appOf(bucket.media);
    for (const n of [0, 1, 2])
      await (await get(`/${video.uid}/media/${video.revision}/360p/${n}.m4s`)).arrayBuffer();
    expect(bucket.reads, 'record, map, three segments').toBe(5);
  });
});

describe('the cache service', () => {
  function memoryCache(): CacheApi & { readonly values: Map<string, string> } {
    const values = new Map<string, string>();
    return {
      values,
      get: async (_, key) => values.get(key),
      put: async (_, key, value) => void values.set(key, value),
      invalidate: async (_, key) => void values.delete(key),
    };
  }

  test('gets a rendered playlist, and answers the next isolate without a segment map', async () => {
    const video = await seedVideo();
    const cache = memoryCache();
    const path = `/${video.uid}/media/${video.revision}/360p/playlist.m3u8`;
    const first = await appOf(env.MEDIA, { findCache: () => cache })(path);
    expect([...cache.values.keys()]).toEqual([`${video.uid}/${video.revision}/v1.media.360p`]);
    const bucket = switchedBucket();
    const second = await appOf(bucket.media, { findCache: () => cache })(path);
    expect(await textOf(second)).toBe(await textOf(first));
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(bucket.reads, 'the record only').toBe(1);
  });

  test('never grants: a cached playlist of a protected video stays refused', async () => {
    const video = await seedVideo({ record: { requireSignedURLs: true } });
    const cache = memoryCache();
    cache.values.set(`${video.uid}/${video.revision}/v1.manifest`, '#EXTM3U');
    const get = appOf(env.MEDIA, { findCache: () => cache });
    expect((await get(`/${video.uid}/manifest/video.m3u8`)).status).toBe(401);
  });

  test('may be down', async () => {
    const video = await seedVideo();
    const down = async (): Promise<never> => {
      throw new Error('KV GET failed: 500');
    };
    const cache: CacheApi = { get: down, put: down, invalidate: down };
    const get = appOf(env.MEDIA, { findCache: () => cache });
    expect((await get(`/${video.uid}/manifest/video.m3u8`)).status).toBe(200);
  });
});

describe('the watch page', () => {
  const page = {
    fetch: async (url: URL) =>
      url.pathname === '/watch' ? new Response('<html>') : new Response(null, { status: 404 }),
  } as unknown as Fetcher;

  test('is the same for open and protected videos, and lets nothing out', async () => {
    const video = await seedVideo({ record: { requireSignedURLs: true } });
    const sign = await seedKey(video.accountId);
    const get = appOf(env.MEDIA, { assets: page });
    for (const id of [video.uid, await sign({ sub: video.uid })]) {
      const response = await get(`/${id}/watch`);
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('<html>');
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('referrer-policy')).toBe('no-referrer');
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain('media-src');
      expect(policy).not.toMatch(/unsafe|\*/);
    }
  });

  test('is 404 for an unknown video, and names the cure where it was not built', async () => {
    const get = appOf(env.MEDIA, { assets: page });
    expect((await get(`/${createUid()}/watch`)).status).toBe(404);
    const video = await seedVideo();
    const missing = { fetch: async () => new Response(null, { status: 404 }) };
    const unbuilt = appOf(env.MEDIA, { assets: missing as unknown as Fetcher });
    const response = await unbuilt(`/${video.uid}/watch`);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('npm run build');
  });
});
