import { describe, expect, test } from 'vitest';

import type { RenditionMap, SegmentMap } from '../../src/contracts/media.ts';
import { isPlain, parseImageQuery, parseTime } from '../../workers/streaming/image-query.ts';
import { planImage, planSize } from '../../workers/streaming/plan-image.ts';
import type { ImagePlan } from '../../workers/streaming/plan-image.ts';

const NTSC = { numerator: 30_000, denominator: 1001 };

function aRendition(name: string, width: number, height: number, codecs = 'avc1'): RenditionMap {
  return {
    name,
    kind: 'video',
    codecs,
    width,
    height,
    frameRate: NTSC,
    timescale: 30_000,
    bandwidthBps: 1,
    averageBandwidthBps: 1,
    init: { object: width, offset: 0, length: 1 },
    // 60, 120, 180 and 30 frames.
    segments: [60, 120, 180, 30].map((frames, index) => ({
      object: width,
      offset: 100 * (index + 1),
      length: 100,
      durationTicks: frames * 1001,
    })),
  };
}

const MAP: SegmentMap = {
  version: 1,
  objects: [],
  renditions: [
    aRendition('720p', 1280, 720),
    aRendition('av1-240p', 426, 240, 'av01'),
    aRendition('360p', 640, 360),
  ],
  durationSeconds: 13.013,
};

function plan(query: string, format: 'jpg' | 'gif' = 'jpg', pct = 0): ImagePlan {
  const planned = planImage(MAP, parseImageQuery(format, new URLSearchParams(query)), pct);
  if (planned === undefined) throw new Error('no plan');
  return planned;
}

describe('a time', () => {
  test.each([
    ['0', 0],
    ['12', 12],
    ['1.5', 1.5],
    ['1s', 1],
    ['1.5s', 1.5],
    ['5m2s', 302],
    ['8m', 480],
    ['1h2m3s', 3723],
    ['1h', 3600],
  ])('%s is %d s', (text, seconds) => expect(parseTime(text)).toBe(seconds));

  test.each(['', 's', '-1', '1m1', '1s2m', '1.5m', '1 s', '1e3', '٣', '0x10', '9999999999'])(
    '%j is none',
    (text) => expect(parseTime(text)).toBeUndefined(),
  );
});

test('an address without wishes is plain, whatever else it carries', () => {
  const isPlainQuery = (query: string): boolean =>
    isPlain(parseImageQuery('jpg', new URLSearchParams(query)));
  expect(['', 'time=', 'fit=crop', 'v=3'].map(isPlainQuery)).toEqual([true, true, true, true]);
  expect(['time=0', 'width=10', 'height=10'].some(isPlainQuery)).toBe(false);
});

describe('the size of a picture of 1280×720', () => {
  const size = (query: string, format: 'jpg' | 'gif' = 'jpg'): string => {
    const planned = planSize(
      { width: 1280, height: 720 },
      parseImageQuery(format, new URLSearchParams(query)),
    );
    return `${planned.width}x${planned.height} ${planned.fit}`;
  };

  test.each([
    ['', '640x360 scale'],
    ['height=270', '480x270 scale'],
    ['width=320', '320x180 scale'],
    ['width=1920', '1920x1080 scale'],
    ['width=320&height=180', '320x180 scale'],
    ['width=101&height=57', '101x57 scale'],
    ['width=300&height=300', '300x300 crop'],
    ['width=300&height=300&fit=fill', '300x300 fill'],
    ['width=300&height=300&fit=scale', '300x300 scale'],
    ['width=300&height=300&fit=clip', '300x169 scale'],
    ['width=2000&height=2000&fit=clip', '1280x720 scale'],
    ['width=1600&fit=clip', '1280x720 scale'],
    ['height=2000', '2000x1125 scale'],
  ])('asked for with %j is %s', (query, expected) => expect(size(query)).toBe(expected));

  test.each([
    ['', '320x180 scale'],
    ['height=640', '640x360 scale'],
    ['width=640&height=640', '640x640 crop'],
  ])('of an animation asked for with %j is %s', (query, expected) =>
    expect(size(query, 'gif')).toBe(expected),
  );
});

describe('the plan of a picture', () => {
  test('takes the smallest H.264 rendition that is large enough', () => {
    expect(plan('width=320').input[0]?.object).toBe(640);
    expect(plan('width=640').input[0]?.object).toBe(640);
    expect(plan('width=642').input[0]?.object).toBe(1280);
    expect(plan('width=2000').input[0]?.object).toBe(1280);
    expect(plan('width=360&height=640&fit=fill').input[0]?.object).toBe(640);
    expect(plan('width=360&height=640').input[0]?.object).toBe(1280);
  });

  test.each([
    ['0', 100, 0],
    ['2', 100, 59],
    ['2.1', 200, 2],
    ['6', 200, 119],
    ['6.1', 300, 2],
    ['12.9', 400, 26],
    ['99', 400, 29],
  ])('at %s s reads the segment at %d and its frame %d', (time, offset, firstFrame) => {
    const { input, task } = plan(`time=${time}`);
    expect(input.map((span) => span.offset)).toEqual([0, offset]);
    expect(task.firstFrame).toBe(firstFrame);
  });

  test("without a time is the poster's, or the owner's", () => {
    expect(plan('width=320').name).toBe(plan('width=320&time=1.3').name);
    expect(plan('width=320', 'jpg', 0.5).name).toBe(plan('width=320&time=6.5').name);
    expect(plan('width=320', 'jpg', 1).name).toBe(plan('width=320&time=99').name);
    expect(plan('width=320&time=0', 'jpg', 0.5).task.firstFrame).toBe(0);
  });

  test('of an animation takes every segment that it needs and ends with the video', () => {
    const whole = plan('time=1&duration=10s&fps=10', 'gif');
    expect(whole.input.map((span) => span.offset)).toEqual([0, 100, 200, 300]);
    expect(whole.task).toMatchObject({ firstFrame: 29, frames: 299, fps: 10 });
    const end = plan('time=12.5s', 'gif');
    expect(end.input.map((span) => span.offset)).toEqual([0, 400]);
    expect(end.task).toMatchObject({ firstFrame: 14, frames: 16 });
    expect(plan('time=99', 'gif').task).toMatchObject({ firstFrame: 29, frames: 1 });
  });

  test('is named by all that it depends on', () => {
    const names = [
      plan('time=1').name,
      plan('time=2').name,
      plan('time=1&width=100').name,
      plan('time=1&width=100&height=100').name,
      plan('time=1&width=100&height=100&fit=fill').name,
      plan('time=1', 'gif').name,
      plan('time=1&fps=9', 'gif').name,
      plan('time=1&duration=1', 'gif').name,
    ];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[\dx-]+-(?:scale|crop|fill)\.(?:jpg|gif)$/);
  });

  test('does not exist for sound alone', () => {
    const query = parseImageQuery('jpg', new URLSearchParams('time=1'));
    expect(planImage({ ...MAP, renditions: [] }, query, 0)).toBeUndefined();
  });
});
