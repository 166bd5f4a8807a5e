import { describe, expect, test } from 'vitest';

import type { SegmentSpan, VideoFacts } from '../../src/contracts/media.ts';
import { groupIntoTasks, planTimeline, totalFrames } from '../../src/media/timeline.ts';

function aVideo(durationSeconds: number, numerator = 30, denominator = 1): VideoFacts {
  return {
    codec: 'h264',
    width: 1280,
    height: 720,
    rotation: 0,
    frameRate: { numerator, denominator },
    pixelFormat: 'yuv420p',
    interlaced: false,
    hdr: false,
    durationSeconds,
    startSeconds: 0,
    packets: 1,
  };
}

function expectContinuous(segments: readonly SegmentSpan[], total: number): void {
  expect(segments[0]?.start).toBe(0);
  expect(segments.at(-1)?.end).toBe(total);
  segments.forEach((segment, index) => {
    expect(segment.end).toBeGreaterThan(segment.start);
    if (index > 0) expect(segment.start).toBe(segments[index - 1]?.end);
  });
}

const RATES: [number, number][] = [
  [24_000, 1001],
  [24, 1],
  [25, 1],
  [30_000, 1001],
  [30, 1],
  [50, 1],
  [60_000, 1001],
  [60, 1],
];

describe('planTimeline', () => {
  test.each(RATES)(
    'covers every frame once at %d/%d, 2 s and 4 s first, then 6 s',
    (numerator, denominator) => {
      const video = aVideo(70, numerator, denominator);
      const segments =
        planTimeline({ container: 'mp4', durationSeconds: 70, video }, 0).video ?? [];
      expectContinuous(segments, totalFrames(video));
      const nominal = Math.round(numerator / denominator);
      expect(segments[0]).toEqual({ start: 0, end: 2 * nominal });
      expect(segments[1]).toEqual({ start: 2 * nominal, end: 6 * nominal });
      expect(segments[2]).toEqual({ start: 6 * nominal, end: 12 * nominal });
    },
  );

  test('a tail under a second joins the segment before it', () => {
    const segments =
      planTimeline({ container: 'mp4', durationSeconds: 6.5, video: aVideo(6.5) }, 0).video ?? [];
    expect(segments).toEqual([
      { start: 0, end: 60 },
      { start: 60, end: 195 },
    ]);
  });

  test.each([0.1, 0.5, 1, 2, 2.5])('a video of %d s is covered', (seconds) => {
    const video = aVideo(seconds);
    expectContinuous(
      planTimeline({ container: 'mp4', durationSeconds: seconds, video }, 0).video ?? [],
      totalFrames(video),
    );
  });

  test('audio is cut at the frame nearest to each video edge, behind the priming frame', () => {
    const audio = {
      codec: 'aac',
      channels: 2,
      sampleRate: 48_000,
      durationSeconds: 20,
      startSeconds: 0,
    };
    const { audio: spans = [] } = planTimeline(
      { container: 'mp4', durationSeconds: 20, video: aVideo(20), audio },
      48_000,
    );
    expectContinuous(spans, Math.round((20 * 48_000) / 1024) + 1);
    expect(spans[0]?.end).toBe(Math.round((2 * 48_000) / 1024) + 1);
    expect(spans[1]?.end).toBe(Math.round((6 * 48_000) / 1024) + 1);
  });

  test('audio that outlasts the video is cut on, audio that ends early stays whole', () => {
    const audio = {
      codec: 'aac',
      channels: 2,
      sampleRate: 48_000,
      durationSeconds: 40,
      startSeconds: 0,
    };
    const long = planTimeline(
      { container: 'mp4', durationSeconds: 40, video: aVideo(10), audio },
      48_000,
    );
    expectContinuous(long.audio ?? [], 1876);
    expect(Math.max(...(long.audio ?? []).map(({ start, end }) => end - start))).toBeLessThan(400);
    const short = planTimeline(
      {
        container: 'mp4',
        durationSeconds: 40,
        video: aVideo(40),
        audio: { ...audio, durationSeconds: 3 },
      },
      48_000,
    );
    expectContinuous(short.audio ?? [], 142);
  });

  test('audio alone has its own cuts', () => {
    const audio = {
      codec: 'mp3',
      channels: 1,
      sampleRate: 44_100,
      durationSeconds: 30,
      startSeconds: 0,
    };
    const plan = planTimeline({ container: 'mp3', durationSeconds: 30, audio }, 44_100);
    expect(plan.video).toBeUndefined();
    expectContinuous(plan.audio ?? [], 1293);
  });
});

describe('groupIntoTasks', () => {
  test('70 s make at least four tasks, the first ones short', () => {
    const { video = [] } = planTimeline(
      { container: 'mp4', durationSeconds: 70, video: aVideo(70) },
      0,
    );
    const tasks = groupIntoTasks(video);
    expect(tasks.map((task) => [task[0]?.start, task.at(-1)?.end])).toEqual([
      [0, 180],
      [180, 540],
      [540, 1440],
      [1440, 2100],
    ]);
  });
});
