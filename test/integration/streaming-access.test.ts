import { env } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';

import { createUid } from '../../src/contracts/ids.ts';
import { playbackKeysKey } from '../../src/contracts/object-keys.ts';
import { call } from './accounts.ts';
import { inSeconds, seedKey, seedVideo, textOf } from './playback-fixture.ts';
import type { SeededVideo } from './playback-fixture.ts';

const PROTECTED = { record: { requireSignedURLs: true } } as const;

/** Every kind of thing that is checked. */
function partsOf(id: string, { revision }: SeededVideo): string[] {
  return [
    `/${id}/manifest/video.m3u8`,
    `/${id}/media/${revision}/360p/playlist.m3u8`,
    `/${id}/media/${revision}/360p/init.mp4`,
    `/${id}/media/${revision}/360p/0.m4s`,
    `/${id}/thumbnails/thumbnail.jpg`,
    `/${id}/storyboard.jpg`,
    `/${id}/storyboard.json`,
    `/${id}/storyboard.vtt`,
    `/${id}/manifest/video.mpd`,
  ];
}

async function statusesOf(paths: readonly string[], init: RequestInit = {}): Promise<number[]> {
  const responses = [];
  for (const path of paths) {
    const response = await call(path, init, '');
    await response.arrayBuffer();
    if (response.status >= 400) {
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
    }
    responses.push(response.status);
  }
  return [...new Set(responses)];
}

describe('a protected video', () => {
  test('is refused by its uid, every part of it', async () => {
    const video = await seedVideo(PROTECTED);
    expect(await statusesOf(partsOf(video.uid, video))).toEqual([401]);
  });

  test('plays with a token in the path, without a database read, and is never for shared stores', async () => {
    const video = await seedVideo(PROTECTED);
    const sign = await seedKey(video.accountId);
    const token = await sign({ sub: video.uid, exp: inSeconds(120) });
    const prepare = vi.spyOn(Object.getPrototypeOf(env.DB), 'prepare');
    for (const path of partsOf(token, video)) {
      const response = await call(path, {}, '');
      expect(response.status).toBe(200);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      const cacheControl = response.headers.get('cache-control') ?? '';
      expect(cacheControl).toMatch(/^private/);
      expect(Number(/max-age=(\d+)/.exec(cacheControl)?.[1] ?? 0)).toBeLessThanOrEqual(120);
      if (/mpegurl|dash/.test(response.headers.get('content-type') ?? ''))
        expect(await textOf(response)).not.toContain(token);
      else await response.arrayBuffer();
    }
    expect(prepare).not.toHaveBeenCalled();
    prepare.mockRestore();
  });

  test.each(['m3u8', 'mpd'])('has the same .%s bytes for every token', async (type) => {
    const video = await seedVideo(PROTECTED);
    const sign = await seedKey(video.accountId);
    const texts = [];
    for (const exp of [inSeconds(100), inSeconds(200)]) {
      const token = await sign({ sub: video.uid, exp });
      texts.push(await textOf(await call(`/${token}/manifest/video.${type}`, {}, '')));
    }
    expect(texts[0]).toBe(texts[1]);
  });

  test('is refused to an expired, early, foreign or forged token, every part of it', async () => {
    const video = await seedVideo(PROTECTED);
    const other = await seedVideo(PROTECTED);
    const sign = await seedKey(video.accountId);
    const signOther = await seedKey(other.accountId);
    const good = await sign({ sub: video.uid });
    const bad = [
      await sign({ sub: video.uid, exp: inSeconds(-1) }),
      await sign({ sub: video.uid, nbf: inSeconds(600) }),
      await signOther({ sub: video.uid }),
      await sign({}),
      `${good.slice(0, -8)}AAAAAAAA`,
      'not.a.token',
    ];
    for (const token of bad) expect(await statusesOf(partsOf(token, video))).toEqual([401]);
    expect(await statusesOf(partsOf(good, video))).toEqual([200]);
    expect(await statusesOf(partsOf(good, other).slice(1, 4)), 'its video only').toEqual([404]);
  });

  test('ends with its token in the middle of playback', async () => {
    const video = await seedVideo(PROTECTED);
    const sign = await seedKey(video.accountId);
    const token = await sign({ sub: video.uid, exp: inSeconds(2) });
    const [, , , segment = ''] = partsOf(token, video);
    expect(await statusesOf([segment])).toEqual([200]);
    await vi.waitFor(async () => expect(await statusesOf([segment])).toEqual([401]), 5000);
  });

  test('is refused by an access rule, segments too', async () => {
    const video = await seedVideo(PROTECTED);
    const sign = await seedKey(video.accountId);
    const token = await sign({
      sub: video.uid,
      accessRules: [
        { type: 'ip.src', action: 'allow', ip: ['192.0.2.0/24'] },
        { type: 'any', action: 'block' },
      ],
    });
    const paths = partsOf(token, video);
    expect(await statusesOf(paths, { headers: { 'cf-connecting-ip': '192.0.2.7' } })).toEqual([
      200,
    ]);
    expect(await statusesOf(paths, { headers: { 'cf-connecting-ip': '198.51.100.7' } })).toEqual([
      403,
    ]);
    const forged = { 'x-forwarded-for': '192.0.2.7', 'x-real-ip': '192.0.2.7' };
    expect(await statusesOf(paths, { headers: forged })).toEqual([403]);
  });

  test('is refused by country', async () => {
    const video = await seedVideo(PROTECTED);
    const sign = await seedKey(video.accountId);
    const token = await sign({
      sub: video.uid,
      accessRules: [{ type: 'ip.geoip.country', action: 'block', country: ['DE'] }],
    });
    const paths = partsOf(token, video);
    expect(await statusesOf(paths, { cf: { country: 'DE' } })).toEqual([403]);
    expect(await statusesOf(paths, { cf: { country: 'FR' } })).toEqual([200]);
  });

  test('accepts a key that was made after this isolate had read the set', async () => {
    const video = await seedVideo(PROTECTED);
    const first = await seedKey(video.accountId);
    expect(await statusesOf([`/${await first({ sub: video.uid })}/manifest/video.m3u8`])).toEqual([
      200,
    ]);
    const second = await seedKey(video.accountId);
    const path = `/${await second({ sub: video.uid })}/manifest/video.m3u8`;
    await vi.waitFor(async () => expect(await statusesOf([path])).toEqual([200]), 4000);
  });

  test('answers 401 while its account has no keys', async () => {
    const video = await seedVideo(PROTECTED);
    const sign = await seedKey(video.accountId);
    await env.MEDIA.delete(playbackKeysKey(video.accountId));
    expect(await statusesOf(partsOf(await sign({ sub: video.uid }), video))).toEqual([401]);
  });
});

test('a token proves itself on an open video as well', async () => {
  const video = await seedVideo();
  const sign = await seedKey(video.accountId);
  const expired = await sign({ sub: video.uid, exp: inSeconds(-1) });
  expect(await statusesOf(partsOf(expired, video))).toEqual([401]);
  expect(await statusesOf(partsOf(await sign({ sub: video.uid }), video))).toEqual([200]);
});

test('a token for a video that does not exist is 404', async () => {
  const video = await seedVideo();
  const sign = await seedKey(video.accountId);
  const token = await sign({ sub: createUid() });
  expect(await statusesOf(partsOf(token, video))).toEqual([404]);
});

describe('allowedOrigins', () => {
  const seed = (): Promise<SeededVideo> =>
    seedVideo({ record: { allowedOrigins: ['example.com', '*.example.org', 'localhost:3000'] } });

  test.each(['https://example.com', 'https://a.b.example.org', 'http://localhost:3000'])(
    '%s may play and is echoed',
    async (origin) => {
      const video = await seed();
      for (const path of partsOf(video.uid, video)) {
        for (const more of [{}, { range: 'bytes=9999-' }, { 'if-none-match': '*' }]) {
          const response = await call(path, { headers: { origin, ...more } }, '');
          await response.arrayBuffer();
          expect([200, 304, 416]).toContain(response.status);
          expect(response.headers.get('access-control-allow-origin')).toBe(origin);
          expect(response.headers.get('vary')).toContain('Origin');
          expect(response.headers.get('cache-control')).toMatch(/^private|^no-store$/);
        }
      }
    },
  );

  test.each(['https://www.example.com', 'https://example.org', 'http://localhost:3001', 'null'])(
    '%s may not play',
    async (origin) => {
      const video = await seed();
      expect(await statusesOf(partsOf(video.uid, video), { headers: { origin } })).toEqual([403]);
    },
  );

  test('falls back to the Referer, and refuses a request with neither', async () => {
    const video = await seed();
    const paths = partsOf(video.uid, video);
    const referer = { referer: 'https://example.com/page' };
    expect(await statusesOf(paths, { headers: referer })).toEqual([200]);
    expect(await statusesOf(paths, { headers: { referer: 'https://evil.test/' } })).toEqual([403]);
    expect(await statusesOf(paths)).toEqual([403]);
  });
});
