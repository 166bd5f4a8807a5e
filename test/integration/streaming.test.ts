import { env } from 'cloudflare:workers';
import * as HLS from 'hls-parser';
import { describe, expect, test, vi } from 'vitest';

import { createRevision, createUid } from '../../src/contracts/ids.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { call } from './accounts.ts';
import { seedVideo, SEGMENT_SIZE, textOf } from './playback-fixture.ts';
import type { SeededVideo } from './playback-fixture.ts';

function play(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Response> {
  return call(path, { method, headers }, '');
}

function segment(video: SeededVideo, n: number, rendition = '360p'): string {
  return `/${video.uid}/media/${video.revision}/${rendition}/${n}.m4s`;
}

function slice(video: SeededVideo, offset: number, length: number): Uint8Array | undefined {
  return video.objects[0]?.subarray(offset, offset + length);
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

function expectOpenCors(response: Response): void {
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(response.headers.get('access-control-expose-headers')).toMatch(/Content-Range.*ETag/);
}

describe('an open video', () => {
  test('plays from manifest to last segment by relative addresses, without a database read', async () => {
    const video = await seedVideo();
    const prepare = vi.spyOn(Object.getPrototypeOf(env.DB), 'prepare');
    const manifestUrl = new URL(`http://gate.test/${video.uid}/manifest/video.m3u8`);
    const manifest = HLS.parse(await textOf(await play(manifestUrl.pathname)));
    if (!manifest.isMasterPlaylist) throw new Error('not a multivariant playlist');
    const [variant] = manifest.variants;
    const uris = [variant?.uri, variant?.audio[0]?.uri].map(
      (uri) => new URL(uri ?? '', manifestUrl),
    );
    const received: number[] = [];
    for (const url of uris) {
      const playlist = HLS.parse(await textOf(await play(url.pathname)));
      if (playlist.isMasterPlaylist) throw new Error('not a media playlist');
      for (const part of [playlist.segments[0]?.map ?? undefined, ...playlist.segments]) {
        const response = await play(new URL(part?.uri ?? '', url).pathname);
        expect(response.status).toBe(200);
        expectOpenCors(response);
        received.push((await bytesOf(response)).byteLength);
      }
    }
    expect(received).toEqual([50, SEGMENT_SIZE, 700, 300, 50, 40]);
    expect(prepare).not.toHaveBeenCalled();
    await (await serviceContext()).db.run('SELECT 1');
    expect(prepare, 'the spy sees what services do').toHaveBeenCalled();
    prepare.mockRestore();
  });

  test('has a DASH manifest over the same parts, also when it comes from the cache', async () => {
    const video = await seedVideo();
    const manifestUrl = new URL(`http://gate.test/${video.uid}/manifest/video.mpd`);
    const text = await textOf(await play(manifestUrl.pathname));
    const base = new URL(/<BaseURL>(.*)<\/BaseURL>/.exec(text)?.[1] ?? '', manifestUrl);
    for (const name of ['360p', 'audio']) {
      expect(text).toContain(`<Representation id="${name}"`);
      for (const part of ['init.mp4', '0.m4s'])
        expect((await play(new URL(`${name}/${part}`, base).pathname, {}, 'HEAD')).status).toBe(
          200,
        );
    }
    expect(await textOf(await play(manifestUrl.pathname))).toBe(text);
    const hls = await textOf(await play(`/${video.uid}/manifest/video.m3u8`));
    expect(hls, 'the two are kept apart').toContain('#EXTM3U');
  });

  test('gives exactly the bytes of the map, from each object', async () => {
    const video = await seedVideo();
    expect(await bytesOf(await play(segment(video, 1)))).toEqual(slice(video, 1050, 700));
    expect(await bytesOf(await play(segment(video, 2)))).toEqual(video.objects[1]);
  });

  test('a playlist is given whole, and says so', async () => {
    const video = await seedVideo();
    const path = `/${video.uid}/manifest/video.m3u8`;
    const response = await play(path, { range: 'bytes=0-3' });
    expect(response.status).toBe(200);
    expect(response.headers.get('accept-ranges')).toBe('none');
    expect(await textOf(response)).toBe(await textOf(await play(path)));
  });

  test.each([
    ['manifest/video.m3u8', 'application/vnd.apple.mpegurl', 'public, no-cache'],
    ['manifest/video.mpd', 'application/dash+xml', 'public, no-cache'],
    ['media/R/360p/playlist.m3u8', 'application/vnd.apple.mpegurl', 'immutable'],
    ['media/R/360p/init.mp4', 'video/mp4', 'public, max-age=31536000, immutable'],
    ['media/R/360p/0.m4s', 'video/mp4', 'public, max-age=31536000, immutable'],
    ['media/R/audio/0.m4s', 'audio/mp4', 'public, max-age=31536000, immutable'],
    ['media/R/360p/iframes.m3u8', 'application/vnd.apple.mpegurl', 'immutable'],
    ['thumbnails/thumbnail.jpg?x=1', 'image/jpeg', 'public, max-age=300'],
    ['storyboard.jpg', 'image/jpeg', 'public, max-age=300'],
    ['storyboard.json', 'application/json', 'public, max-age=300'],
    ['storyboard.vtt', 'text/vtt; charset=utf-8', 'public, max-age=300'],
  ])('%s has its type, lifetime and tag, on GET, HEAD and 304', async (rest, type, lifetime) => {
    const video = await seedVideo();
    const path = `/${video.uid}/${rest.replace('R', video.revision)}`;
    const whole = await play(path);
    expect(whole.status).toBe(200);
    expectOpenCors(whole);
    expect(whole.headers.get('content-type')).toBe(type);
    expect(whole.headers.get('cache-control')).toContain(lifetime);
    expect(whole.headers.get('x-content-type-options')).toBe('nosniff');
    const etag = whole.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w.]+"$/);
    const size = (await bytesOf(whole)).byteLength;

    const head = await play(path, { range: 'bytes=0-1' }, 'HEAD');
    expect(head.status).toBe(200);
    expectOpenCors(head);
    expect(await bytesOf(head)).toHaveLength(0);
    expect(head.headers.get('content-length')).toBe(String(size));
    expect(head.headers.get('etag')).toBe(etag);

    for (const condition of [etag, `"x", W/${etag}`, '*']) {
      const same = await play(path, { 'if-none-match': condition, range: 'bytes=0-1' });
      expect(same.status).toBe(304);
      expectOpenCors(same);
      expect(same.headers.get('etag')).toBe(etag);
      expect(await bytesOf(same)).toHaveLength(0);
    }
    const other = await play(path, { 'if-none-match': '"other"' });
    expect(other.status).toBe(200);
    await other.arrayBuffer();
  });

  test.each([
    ['bytes=0-1', 206, 'bytes 0-1/1000', 0, 2],
    ['bytes=990-', 206, 'bytes 990-999/1000', 990, 10],
    ['bytes=-10', 206, 'bytes 990-999/1000', 990, 10],
    ['bytes=990-5000', 206, 'bytes 990-999/1000', 990, 10],
    ['bytes=-5000', 206, 'bytes 0-999/1000', 0, 1000],
    ['bytes=5-2', 200, null, 0, 1000],
    ['bytes=a-b', 200, null, 0, 1000],
    ['chunks=0-1', 200, null, 0, 1000],
    ['bytes=0-1,4-5', 200, null, 0, 1000],
    ['bytes=1000-', 416, 'bytes */1000', 0, 0],
    ['bytes=-0', 416, 'bytes */1000', 0, 0],
    ['bytes=99999999999999999999-', 416, 'bytes */1000', 0, 0],
  ])('answers Range: %s with %d', async (range, status, contentRange, offset, length) => {
    const video = await seedVideo();
    const response = await play(segment(video, 0), { range });
    expect(response.status).toBe(status);
    expectOpenCors(response);
    expect(response.headers.get('content-range')).toBe(contentRange);
    expect(response.headers.get('accept-ranges')).toBe('bytes');
    if (status === 416) expect(response.headers.get('cache-control')).toBe('no-store');
    else expect(response.headers.get('content-length')).toBe(String(length));
    expect(await bytesOf(response)).toEqual(slice(video, 50 + offset, length));
  });

  test('honours If-Range only for these very bytes', async () => {
    const video = await seedVideo();
    const path = segment(video, 0);
    const etag = (await play(path, {}, 'HEAD')).headers.get('etag') ?? '';
    const statuses = [];
    for (const condition of [etag, '"old"', `W/${etag}`, new Date().toUTCString()]) {
      const response = await play(path, { range: 'bytes=0-1', 'if-range': condition });
      statuses.push(response.status);
      await response.arrayBuffer();
    }
    expect(statuses).toEqual([206, 200, 200, 200]);
  });

  test('gives every part its own tag', async () => {
    const video = await seedVideo();
    const paths = [0, 1, 2].map((n) => segment(video, n));
    const tags = await Promise.all(
      [...paths, segment(video, 0, 'audio')].map(
        async (path) => (await play(path, {}, 'HEAD')).headers.get('etag') ?? '',
      ),
    );
    expect(new Set(tags).size).toBe(4);
  });

  test('without video has its audio as the variant', async () => {
    const video = await seedVideo({ renditions: ['audio'] });
    const text = await textOf(await play(`/${video.uid}/manifest/video.m3u8`));
    expect(text).toContain(`\n../media/${video.revision}/audio/playlist.m3u8\n`);
    expect(text).not.toMatch(/RESOLUTION|EXT-X-MEDIA:/);
  });

  test('without audio has no audio group', async () => {
    const video = await seedVideo({ renditions: ['video'] });
    const text = await textOf(await play(`/${video.uid}/manifest/video.m3u8`));
    expect(text).not.toContain('AUDIO');
    expect((await play(segment(video, 0, 'audio'))).status).toBe(404);
  });
});

describe('what is not there', () => {
  async function expectRefusal(path: string, status: number, code: string): Promise<Response> {
    const response = await play(path);
    expect(response.status, path).toBe(status);
    expectOpenCors(response);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.clone().json()).toMatchObject({ code });
    return response;
  }

  test('is 404 for an unknown video, whatever part is asked for', async () => {
    const uid = createUid();
    for (const rest of ['manifest/video.m3u8', 'manifest/video.mpd', 'thumbnails/thumbnail.jpg'])
      await expectRefusal(`/${uid}/${rest}`, 404, 'video.not_found');
  });

  test('is a page that says so for whoever follows a dead link', async () => {
    const response = await call(`/${createUid()}/watch`, {}, '');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toContain('text/html');
  });

  test('is 404 for parts that the run does not have', async () => {
    const video = await seedVideo({ hasStoryboard: false });
    const other = createRevision(Date.now());
    for (const rest of [
      `media/${video.revision}/360p/3.m4s`,
      `media/${video.revision}/720p/0.m4s`,
      `media/${video.revision}/720p/playlist.m3u8`,
      `media/${video.revision}/constructor/0.m4s`,
      `media/${other}/360p/0.m4s`,
      `media/${other}/360p/playlist.m3u8`,
      `media/${video.revision}/audio/iframes.m3u8`,
      'storyboard.jpg',
      'storyboard.json',
      'storyboard.vtt',
    ])
      await expectRefusal(`/${video.uid}/${rest}`, 404, 'request.not_found');
  });

  test('is 404 when R2 has lost the object or the map', async () => {
    const video = await seedVideo();
    await env.MEDIA.delete(video.objectKeys[1] ?? '');
    await expectRefusal(segment(video, 2), 404, 'request.not_found');
    const mapless = await seedVideo();
    await env.MEDIA.delete(`videos/${mapless.uid}/${mapless.revision}/segments`);
    await expectRefusal(`/${mapless.uid}/manifest/video.m3u8`, 404, 'request.not_found');
    await expectRefusal(`/${mapless.uid}/manifest/video.mpd`, 404, 'request.not_found');
    await expectRefusal(segment(mapless, 0), 404, 'request.not_found');
  });

  test.each([
    'media/R/360p/..%2f..%2fsource',
    'media/R/360p/%2e%2e/0.m4s',
    'media/R/360p/0%2em4s',
    'media/R/360p/..%5c0.m4s',
    'media/R/360p/0.m4s%00',
    'media/R/360p/00.m4s',
    'media/R/360p/source',
    'media/R/../source',
    'manifest/video.m3u8%0d%0a',
    'manifest/video.mpd%00',
    'manifest/other.mpd',
    'thumbnails/other.jpg',
  ])('is 404 for the tampered path %s', async (rest) => {
    const video = await seedVideo();
    const response = await play(`/${video.uid}/${rest.replace('R', video.revision)}`);
    expect(response.status).toBe(404);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('is video.not_ready while a first run is under way, and playable during a second one', async () => {
    for (const state of ['pendingupload', 'queued', 'inprogress'] as const) {
      const video = await seedVideo({ record: { state }, isPublished: false });
      const refusal = await expectRefusal(
        `/${video.uid}/manifest/video.m3u8`,
        404,
        'video.not_ready',
      );
      expect(refusal.headers.get('retry-after')).toBe('5');
    }
    const again = await seedVideo({ record: { state: 'inprogress' } });
    expect((await play(`/${again.uid}/manifest/video.m3u8`)).status).toBe(200);
  });

  test('is 424 with the reason when nothing was ever published', async () => {
    const record = { state: 'error', errorReasonText: 'The file holds no pictures.' } as const;
    const video = await seedVideo({ record, isPublished: false });
    const refusal = await expectRefusal(segment(video, 0), 424, 'video.failed');
    expect(await refusal.json()).toMatchObject({ detail: 'The file holds no pictures.' });
    const again = await seedVideo({ record });
    expect((await play(`/${again.uid}/manifest/video.m3u8`)).status).toBe(200);
  });

  test('is 405 for a method that playback does not know', async () => {
    const video = await seedVideo();
    const response = await play(segment(video, 0), {}, 'POST');
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    expectOpenCors(response);
  });
});

test('a preflight is answered for every part, for known and unknown videos', async () => {
  const response = await play(
    `/${createUid()}/media/x/y/0.m4s`,
    { origin: 'https://a.test', 'access-control-request-method': 'GET' },
    'OPTIONS',
  );
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(response.headers.get('access-control-allow-methods')).toBe('GET, HEAD, OPTIONS');
  expect(response.headers.get('access-control-max-age')).toBe('86400');
  for (const header of ['Range', 'CMCD-Request', 'CMCD-Object', 'CMCD-Session', 'CMCD-Status'])
    expect(response.headers.get('access-control-allow-headers')).toContain(header);
});

test('every address is in the API description', async () => {
  const { paths } = await (await call('/openapi.json', {}, '')).json<{ paths: object }>();
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining([
      '/{id}/manifest/video.m3u8',
      '/{id}/manifest/video.mpd',
      '/{id}/media/{revision}/{rendition}/playlist.m3u8',
      '/{id}/media/{revision}/{rendition}/init.mp4',
      '/{id}/media/{revision}/{rendition}/{segment}.m4s',
      '/{id}/thumbnails/thumbnail.jpg',
      '/{id}/thumbnails/thumbnail.gif',
      '/{id}/storyboard.vtt',
      '/{id}/watch',
      '/api/v1/cache',
      '/api/v1/cache/{namespace}/{key}',
    ]),
  );
});
