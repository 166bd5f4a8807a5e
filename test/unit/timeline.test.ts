import { describe, expect, test } from 'vitest';

import type {
  AudioFacts,
  AudioRendition,
  SegmentSpan,
  VideoFacts,
} from '../../src/contracts/media.ts';
import {
  edgesInSeconds,
  groupIntoTasks,
  planAudioSegments,
  planVideoSegments,
  totalFrames,
} from '../../src/media/timeline.ts';

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

describe('planVideoSegments', () => {
  test.each(RATES)(
    'covers every frame once at %d/%d, 2 s and 4 s first, then 6 s',
    (numerator, denominator) => {
      const video = aVideo(70, numerator, denominator);
      const segments = planVideoSegments(video);
      expectContinuous(segments, totalFrames(video));
      const nominal = Math.round(numerator / denominator);
      expect(segments[0]).toEqual({ start: 0, end: 2 * nominal });
      expect(segments[1]).toEqual({ start: 2 * nominal, end: 6 * nominal });
      expect(segments[2]).toEqual({ start: 6 * nominal, end: 12 * nominal });
    },
  );

  test('a tail under a second joins the segment before it', () => {
    const segments = planVideoSegments(aVideo(6.5));
    expect(segments).toEqual([
      { start: 0, end: 60 },
      { start: 60, end: 195 },
    ]);
  });

  test.each([0.1, 0.5, 1, 2, 2.5])('a video of %d s is covered', (seconds) => {
    const video = aVideo(seconds);
    expectContinuous(planVideoSegments(video), totalFrames(video));
  });
});

describe('planAudioSegments', () => {
  const aac: AudioRendition = {
    name: 'audio',
    codec: 'aac',
    channels: 2,
    sampleRate: 48_000,
    bitrateBps: 128_000,
  };
  const audio = (durationSeconds: number, more: Partial<AudioFacts> = {}): AudioFacts => ({
    track: 0,
    codec: 'aac',
    channels: 2,
    sampleRate: 48_000,
    durationSeconds,
    startSeconds: 0,
    packets: 1,
    ...more,
  });
  const edgesOf = (seconds: number): number[] =>
    edgesInSeconds(planVideoSegments(aVideo(seconds)), { numerator: 30, denominator: 1 });

  test('cuts at the frame nearest to each video edge, behind the priming frame', () => {
    const spans = planAudioSegments(audio(20), aac, edgesOf(20));
    expectContinuous(spans, Math.round((20 * 48_000) / 1024) + 1);
    expect(spans[0]?.end).toBe(Math.round((2 * 48_000) / 1024) + 1);
    expect(spans[1]?.end).toBe(Math.round((6 * 48_000) / 1024) + 1);
  });

  test('sound that outlasts the video is cut on, sound that ends early stays whole', () => {
    const long = planAudioSegments(audio(40), aac, edgesOf(10));
    expectContinuous(long, 1876);
    expect(Math.max(...long.map(({ start, end }) => end - start))).toBeLessThan(400);
    expectContinuous(planAudioSegments(audio(3), aac, edgesOf(40)), 142);
  });

  test('sound alone has its own cuts', () => {
    const mono = { ...aac, channels: 1, sampleRate: 44_100 };
    expectContinuous(planAudioSegments(audio(30), mono, []), 1293);
  });

  test('a copied track is cut in its own frames, counted from where it begins', () => {
    const surround: AudioRendition = { ...aac, name: 'surround', codec: 'ac3', channels: 6 };
    const spans = planAudioSegments(
      audio(19, { startSeconds: 1, packets: 594 }),
      surround,
      edgesOf(20),
    );
    expectContinuous(spans, 594);
    expect(spans[0]?.end).toBe(Math.round((1 * 48_000) / 1536));
    expect(spans[1]?.end).toBe(Math.round((5 * 48_000) / 1536));
  });
});

describe('groupIntoTasks', () => {
  test('70 s make at least four tasks, the first ones short', () => {
    const video = planVideoSegments(aVideo(70));
    const tasks = groupIntoTasks(video);
    expect(tasks.map((task) => [task[0]?.start, task.at(-1)?.end])).toEqual([
      [0, 180],
      [180, 540],
      [540, 1440],
      [1440, 2100],
    ]);
  });
});
