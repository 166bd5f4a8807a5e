import { describe, expect, test } from 'vitest';

import type { VideoFacts } from '../../src/contracts/media.ts';
import { planAudioRendition, planVideoLadder } from '../../src/media/ladder.ts';

function aVideo(width: number, height: number, rate = 30): VideoFacts {
  return {
    codec: 'h264',
    width,
    height,
    rotation: 0,
    frameRate: { numerator: rate, denominator: 1 },
    pixelFormat: 'yuv420p',
    interlaced: false,
    hdr: false,
    durationSeconds: 10,
    startSeconds: 0,
    packets: 300,
  };
}

function sizes(width: number, height: number): string[] {
  return planVideoLadder(aVideo(width, height)).map(
    (rung) => `${rung.name} ${rung.width}x${rung.height}`,
  );
}

describe('planVideoLadder', () => {
  test('a 4K source gets every rung', () => {
    expect(sizes(3840, 2160)).toEqual([
      '2160p 3840x2160',
      '1440p 2560x1440',
      '1080p 1920x1080',
      '720p 1280x720',
      '480p 854x480',
      '360p 640x360',
      '240p 426x240',
    ]);
  });

  test('nothing is larger than the source', () => {
    expect(sizes(1280, 720)[0]).toBe('720p 1280x720');
    expect(sizes(640, 480)[0]).toBe('480p 640x480');
  });

  test('portrait keeps its aspect', () => {
    expect(sizes(1080, 1920)[0]).toBe('1080p 1080x1920');
  });

  test('a wide film counts by what fits a 16:9 screen', () => {
    expect(sizes(1920, 800)).toContain('720p 1280x534');
    expect(sizes(1920, 800)[0]).toBe('1080p 1920x800');
  });

  test('a source under the lowest rung is encoded at its own size', () => {
    expect(sizes(161, 121)).toEqual(['120p 160x120']);
  });

  test('sides are even', () => {
    for (const { width, height } of planVideoLadder(aVideo(1366, 767))) {
      expect(width % 2).toBe(0);
      expect(height % 2).toBe(0);
    }
  });

  test('the level follows size and rate', () => {
    expect(planVideoLadder(aVideo(1920, 1080, 30))[0]?.level).toBe(40);
    expect(planVideoLadder(aVideo(1920, 1080, 60))[0]?.level).toBe(42);
    expect(planVideoLadder(aVideo(640, 360, 30))[0]?.level).toBe(30);
  });
});

describe('planAudioRendition', () => {
  test('mono stays mono, 5.1 becomes stereo, odd rates become 48 kHz', () => {
    const audio = { track: 0, codec: 'aac', durationSeconds: 1, startSeconds: 0, packets: 48 };
    expect(planAudioRendition({ ...audio, channels: 1, sampleRate: 22_050 })).toMatchObject({
      channels: 1,
      sampleRate: 48_000,
    });
    expect(planAudioRendition({ ...audio, channels: 6, sampleRate: 44_100 })).toMatchObject({
      channels: 2,
      sampleRate: 44_100,
    });
  });
});
