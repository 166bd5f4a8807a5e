import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { createCacheService } from '../../workers/cache/service.ts';
import { CacheStatistics } from '../../workers/cache/statistics.ts';
import { call, seedToken } from './accounts.ts';
import { seedVideo, textOf } from './playback-fixture.ts';

interface Report {
  readonly statisticsScope: string;
  readonly namespaces: readonly {
    readonly name: string;
    readonly ttlSeconds: number;
    readonly isolate: { readonly hits: number; readonly misses: number; readonly writes: number };
  }[];
}

describe('the cache', () => {
  test('gives back what was put, until it is invalidated, and counts', async () => {
    const statistics = new CacheStatistics();
    const cache = createCacheService(env.CACHE, statistics);
    expect(await cache.get('playlist', 'a/b')).toBeUndefined();
    await cache.put('playlist', 'a/b', 'text');
    expect(await cache.get('playlist', 'a/b')).toBe('text');
    await cache.invalidate('playlist', 'a/b');
    expect(await env.CACHE.get('playlist/a/b')).toBeNull();
    expect(statistics.of('playlist')).toEqual({
      hits: 1,
      misses: 1,
      writes: 1,
      invalidations: 1,
      failures: 0,
    });
  });

  test('says that it is not there when KV fails', async () => {
    const broken = {
      get: async () => {
        throw new Error('KV GET failed: 500');
      },
    } as unknown as KVNamespace;
    const statistics = new CacheStatistics();
    const cache = createCacheService(broken, statistics);
    await expect(cache.get('playlist', 'a')).rejects.toMatchObject({ code: 'service.unavailable' });
    expect(statistics.of('playlist').failures).toBe(1);
  });
});

describe('/api/v1/cache', () => {
  test('lists namespaces and says whose statistics these are', async () => {
    const response = await call('/api/v1/cache');
    expect(response.status).toBe(200);
    const report = await response.json<Report>();
    expect(report.statisticsScope).toContain('isolate');
    expect(report.namespaces).toMatchObject([{ name: 'playlist', ttlSeconds: 86_400 }]);
  });

  test('counts the playlist that playback put there', async () => {
    const writes = async (): Promise<number> =>
      (await (await call('/api/v1/cache')).json<Report>()).namespaces[0]?.isolate.writes ?? 0;
    const before = await writes();
    const video = await seedVideo();
    await textOf(await call(`/${video.uid}/manifest/video.m3u8`, {}, ''));
    await expect.poll(writes).toBe(before + 1);
    const key = `playlist/${video.uid}/${video.revision}/v1.manifest`;
    expect(await env.CACHE.get(key)).toContain('#EXTM3U');
    const response = await call(`/api/v1/cache/${key}`, { method: 'DELETE' });
    expect(response.status).toBe(204);
    expect(await env.CACHE.get(key)).toBeNull();
  });

  test('takes a key with encoded slashes too', async () => {
    await env.CACHE.put('playlist/a/b/c', 'text');
    const response = await call('/api/v1/cache/playlist/a%2Fb%2Fc', { method: 'DELETE' });
    expect(response.status).toBe(204);
    expect(await env.CACHE.get('playlist/a/b/c')).toBeNull();
  });

  test('refuses an unknown namespace and an odd key by name', async () => {
    const unknown = await call('/api/v1/cache/tokens/x', { method: 'DELETE' });
    expect(unknown.status).toBe(400);
    expect(await unknown.json()).toMatchObject({ pointer: '/namespace' });
    const odd = await call('/api/v1/cache/playlist/a%20b', { method: 'DELETE' });
    expect(odd.status).toBe(400);
  });

  test('is for operators only', async () => {
    expect((await call('/api/v1/cache', {}, '')).status).toBe(401);
    const token = 'cache-reader-token-0123456789abcdef0123';
    await seedToken(token, ['videos:read', 'videos:write']);
    expect((await call('/api/v1/cache', {}, token)).status).toBe(403);
    const response = await call('/api/v1/cache/playlist/x', { method: 'DELETE' }, token);
    expect(response.status).toBe(403);
  });
});
