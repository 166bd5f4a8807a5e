import { describe, expect, test } from 'vitest';

import type { VideoFacts } from '../../src/contracts/media.ts';
import {
  planStoryboard,
  renderStoryboardVtt,
  storyboardTiles,
} from '../../src/media/storyboard.ts';

function aVideo(seconds: number, more: Partial<VideoFacts> = {}): VideoFacts {
  return {
    codec: 'h264',
    width: 1920,
    height: 1080,
    rotation: 0,
    frameRate: { numerator: 30, denominator: 1 },
    pixelFormat: 'yuv420p',
    interlaced: false,
    hdr: false,
    durationSeconds: seconds,
    startSeconds: 0,
    packets: seconds * 30,
    ...more,
  };
}

describe('the plan of a storyboard', () => {
  test.each([
    [0.5, 1, 1, 1],
    [7.2, 1, 8, 8],
    [100, 1, 100, 10],
    [101, 2, 51, 10],
    [7200, 72, 100, 10],
    [36_000, 360, 100, 10],
  ])('of %d s has a picture every %d s: %d in rows of %d', (seconds, interval, tiles, columns) => {
    const { layout } = planStoryboard(aVideo(seconds));
    expect(layout).toMatchObject({ intervalSeconds: interval, tiles, columns });
  });

  test.each([
    [1920, 1080, 160, 90],
    [1080, 1920, 90, 160],
    [640, 640, 160, 160],
    [100, 50, 100, 50],
    [2000, 10, 160, 2],
  ])('keeps the shape of %d×%d in %d×%d', (width, height, tileWidth, tileHeight) => {
    const { layout } = planStoryboard(aVideo(10, { width, height }));
    expect(layout).toMatchObject({ tileWidth, tileHeight });
  });

  test('decodes key frames only where they are dense enough, or the video is long', () => {
    expect(planStoryboard(aVideo(60, { keyFrameSeconds: 1 })).keyFramesOnly).toBe(true);
    expect(planStoryboard(aVideo(60, { keyFrameSeconds: 2 })).keyFramesOnly).toBe(false);
    expect(planStoryboard(aVideo(500, { keyFrameSeconds: 5 })).keyFramesOnly).toBe(true);
    expect(planStoryboard(aVideo(60)).keyFramesOnly).toBe(false);
    expect(planStoryboard(aVideo(7200)).keyFramesOnly).toBe(true);
  });
});

const LAYOUT = { tileWidth: 160, tileHeight: 90, columns: 2, tiles: 3, intervalSeconds: 2000 };

describe('the tiles', () => {
  test('follow each other in rows, the last one to the end of the video', () => {
    expect(storyboardTiles(LAYOUT, 5500)).toEqual([
      { startSeconds: 0, endSeconds: 2000, x: 0, y: 0 },
      { startSeconds: 2000, endSeconds: 4000, x: 160, y: 0 },
      { startSeconds: 4000, endSeconds: 5500, x: 0, y: 90 },
    ]);
  });

  test('never end before they begin', () => {
    const [last] = storyboardTiles(LAYOUT, 3999.9).toReversed();
    expect(last?.endSeconds).toBeGreaterThan(4000);
  });

  test('are cues of a WebVTT file', () => {
    expect(renderStoryboardVtt(LAYOUT, 5500.25, 'a.jpg')).toBe(
      [
        'WEBVTT',
        '',
        '00:00:00.000 --> 00:33:20.000',
        'a.jpg#xywh=0,0,160,90',
        '',
        '00:33:20.000 --> 01:06:40.000',
        'a.jpg#xywh=160,0,160,90',
        '',
        '01:06:40.000 --> 01:31:40.250',
        'a.jpg#xywh=0,90,160,90',
        '',
      ].join('\n'),
    );
  });
});
