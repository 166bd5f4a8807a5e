import { describe, expect, test } from 'vitest';

import { toApiError } from '../../web/src/api-error.ts';
import { formatBytes, formatClock, formatTimeLeft } from '../../web/src/format.ts';
import { openManifest, toAnswer } from '../../web/src/open-manifest.ts';
import { idFromWatchPath, withId } from '../../web/src/playback-address.ts';
import { findLevel, levelName } from '../../web/src/rendition-choice.ts';
import { planRetry } from '../../web/src/retry-plan.ts';
import { describeStrip, toStrip } from '../../web/src/task-strip.ts';
import { readTokenClaims } from '../../web/src/token-claims.ts';
import { createTransferRate } from '../../web/src/transfer-rate.ts';
import type { TaskProgress } from '../../web/src/wire.ts';

describe('format', () => {
  test('writes sizes, lengths and time left as a person would', () => {
    expect([0, 999, 1000, 999_600, 1_430_000_000].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.0 MB',
      '1.4 GB',
    ]);
    expect([0, 65.9, 3725, Number.NaN, -1].map(formatClock)).toEqual([
      '0:00',
      '1:05',
      '1:02:05',
      '–:––',
      '–:––',
    ]);
    expect([0.2, 11.2, 61, 4200, Infinity].map(formatTimeLeft)).toEqual([
      'almost done',
      '12 s left',
      '2 min left',
      '1 h 10 min left',
      '',
    ]);
  });
});

describe('createTransferRate', () => {
  test('measures the last seconds, and starts anew when the total falls', () => {
    const rate = createTransferRate();
    rate.add(0, 0);
    expect(rate.bytesPerSecond()).toBeUndefined();
    rate.add(1000, 500);
    expect(rate.bytesPerSecond()).toBe(500);
    rate.add(11_000, 2500);
    rate.add(12_000, 4500);
    expect(rate.bytesPerSecond()).toBe(2000);
    rate.add(12_100, 100);
    expect(rate.bytesPerSecond()).toBeUndefined();
  });
});

describe('planRetry', () => {
  const first = { attempt: 1, random: 0 };

  test('waits longer each time, and gives up in the end', () => {
    const waits = [1, 2, 3, 8].map((attempt) => planRetry({ status: 503, attempt, random: 0.99 }));
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
    expect(waits[2]).toBeGreaterThan(waits[1] ?? 0);
    expect(waits[3]).toBeUndefined();
  });

  test('does as the server says, and takes a 409 for busy only with Retry-After', () => {
    expect(planRetry({ ...first, status: 409, retryAfterSeconds: 3 })).toBe(3000);
    expect(planRetry({ ...first, status: 409 })).toBeUndefined();
  });

  test('does not repeat what cannot help', () => {
    for (const status of [400, 401, 403, 404, 413, 422])
      expect(planRetry({ ...first, status })).toBeUndefined();
  });
});

describe('levelName and findLevel', () => {
  const levels = [
    { width: 1920, height: 804, bitrate: 4e6, uri: 'media/r/1080p/playlist.m3u8' },
    { width: 720, height: 1280, bitrate: 2e6 },
    { width: 640, height: 358, bitrate: 5e5 },
  ];

  test('names a level by its address, else by the rung of its shorter side', () => {
    expect(levels.map(levelName)).toEqual(['1080p', '720p', '360p']);
    expect(levelName({ width: 0, height: 0, bitrate: 96_000 })).toBe('96 kb/s');
  });

  test('finds it with or without the p', () => {
    expect(findLevel(levels, '720p')).toBe(1);
    expect(findLevel(levels, '360')).toBe(2);
    expect(findLevel(levels, '1440p')).toBe(-1);
  });
});

describe('playback addresses', () => {
  test('reads the id of a watch page', () => {
    expect(idFromWatchPath('/a.b.c/watch')).toBe('a.b.c');
    expect(idFromWatchPath('/watch')).toBeUndefined();
  });

  test('puts a renewed token into an address and leaves the rest', () => {
    expect(withId('https://x.test/old.t.k/media/r/720p/1.m4s?a=1', 'new.t.k')).toBe(
      'https://x.test/new.t.k/media/r/720p/1.m4s?a=1',
    );
  });
});

describe('readTokenClaims', () => {
  test('reads subject and end, numeric strings too, and nothing from other text', () => {
    const payload = Buffer.from('{"sub":"Größe","exp":"17"}').toString('base64url');
    expect(readTokenClaims(`a.${payload}.c`)).toEqual({ sub: 'Größe', exp: 17 });
    expect(readTokenClaims('f'.repeat(32))).toEqual({});
  });
});

describe('error answers', () => {
  test('reads the sentence of both wire formats, and survives other bodies', () => {
    expect(toApiError(404, '{"detail":"Gone.","code":"video.not_found"}', null)).toMatchObject({
      message: 'Gone.',
      code: 'video.not_found',
    });
    expect(toApiError(422, '{"errors":[{"message":"Too long."}]}', '4')).toMatchObject({
      message: 'Too long.',
      retryAfterSeconds: 4,
    });
    expect(toApiError(502, '<html>', null).message).toContain('502');
  });

  test('tells a video in preparation from one that is missing', () => {
    const preparing = toApiError(404, '{"detail":"Soon.","code":"video.not_ready"}', '1');
    expect(toAnswer(preparing)).toMatchObject({ kind: 'preparing', retryAfterMs: 1000 });
    expect(toAnswer(toApiError(404, '{}', null))).toMatchObject({ kind: 'refused', status: 404 });
    expect(toAnswer(toApiError(424, '{}', null))).toMatchObject({ kind: 'refused', status: 424 });
  });

  test.each([
    ['#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360', true],
    ['#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="mp4a.40.2"', false],
  ])('knows from %s whether there is a picture', async (line, hasPicture) => {
    const answer = await openManifest('/x', async () => new Response(`#EXTM3U\n${line}\na\n`));
    expect(answer).toEqual({ kind: 'playable', hasPicture });
  });
});

describe('toStrip', () => {
  const task: TaskProgress = {
    id: 't0',
    kind: 'video',
    state: 'done',
    attempts: [{ epoch: 1 }],
    framesDone: 300,
    framesPlanned: 300,
    startSeconds: 0,
    endSeconds: 10,
  };
  const running: TaskProgress = {
    ...task,
    id: 't1',
    state: 'running',
    attempts: [{ epoch: 1 }, { epoch: 2 }],
    framesDone: 225,
    framesPlanned: 900,
    startSeconds: 10,
    endSeconds: 40,
  };

  test('lays the tasks along the timeline and leaves out those without a span', () => {
    const { endSeconds: _, ...probe } = { ...task, kind: 'probe' };
    const strip = toStrip([probe, task, running]);
    expect(strip.map(({ leftPct, widthPct, donePct }) => [leftPct, widthPct, donePct])).toEqual([
      [0, 25, 100],
      [25, 75, 25],
    ]);
    expect(strip[1]?.attempts).toBe(2);
    expect(describeStrip(strip)).toBe('1 of 2 parts done, 1 running');
    expect(toStrip([])).toEqual([]);
  });
});
