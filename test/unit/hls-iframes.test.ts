import * as HLS from 'hls-parser';
import { Parser } from 'm3u8-parser';
import { describe, expect, test } from 'vitest';

import type { RenditionMap } from '../../src/contracts/media.ts';
import { renderIframePlaylist, renderMultivariantPlaylist } from '../../src/media/hls.ts';

const REVISION = '01k0a0a0a0abcdefghjkmnpqrs';
const span = { object: 0, offset: 0, length: 9000 };

function video(name: string, height: number, keyFrameLength: number | undefined): RenditionMap {
  return {
    name,
    kind: 'video',
    codecs: 'avc1.64001f',
    width: (height * 16) / 9,
    height,
    frameRate: { numerator: 30, denominator: 1 },
    timescale: 90_000,
    bandwidthBps: 800_000,
    averageBandwidthBps: 700_000,
    init: span,
    segments: [2, 4, 6].map((seconds) => ({
      ...span,
      durationTicks: seconds * 90_000,
      ...(keyFrameLength !== undefined && { keyFrameLength }),
    })),
  };
}

function masterOf(...renditions: RenditionMap[]): string {
  return renderMultivariantPlaylist(
    { version: 1, objects: ['one'], renditions, durationSeconds: 12 },
    REVISION,
  );
}

describe('an I-frame playlist', () => {
  test('is exactly this', () => {
    expect(renderIframePlaylist(video('360p', 360, 1500))).toBe(
      [
        '#EXTM3U',
        '#EXT-X-VERSION:7',
        '#EXT-X-TARGETDURATION:6',
        '#EXT-X-MEDIA-SEQUENCE:0',
        '#EXT-X-PLAYLIST-TYPE:VOD',
        '#EXT-X-INDEPENDENT-SEGMENTS',
        '#EXT-X-I-FRAMES-ONLY',
        '#EXT-X-MAP:URI="init.mp4"',
        '#EXTINF:2.000000,',
        '#EXT-X-BYTERANGE:1500@0',
        '0.m4s',
        '#EXTINF:4.000000,',
        '#EXT-X-BYTERANGE:1500@0',
        '1.m4s',
        '#EXTINF:6.000000,',
        '#EXT-X-BYTERANGE:1500@0',
        '2.m4s',
        '#EXT-X-ENDLIST',
        '',
      ].join('\n'),
    );
  });

  test('says the same to both parsers', () => {
    const text = renderIframePlaylist(video('360p', 360, 1500)) ?? '';
    const first = HLS.parse(text) as HLS.types.MediaPlaylist;
    expect(first.isIFrame).toBe(true);
    expect(first.segments.map(({ byterange }) => byterange)).toEqual(
      Array.from({ length: 3 }, () => ({ length: 1500, offset: 0 })),
    );
    const parser = new Parser();
    parser.push(text);
    parser.end();
    expect(parser.manifest.segments).toMatchObject([
      { duration: 2, uri: '0.m4s', byterange: { length: 1500, offset: 0 } },
      { duration: 4, uri: '1.m4s', byterange: { length: 1500, offset: 0 } },
      { duration: 6, uri: '2.m4s', byterange: { length: 1500, offset: 0 } },
    ]);
  });

  test('is named for the two smallest pictures, with its own bandwidth', () => {
    const text = masterOf(
      video('360p', 360, 1500),
      video('1080p', 1080, 9000),
      video('720p', 720, 3000),
    );
    const lines = text.split('\n').filter((line) => line.startsWith('#EXT-X-I-FRAME'));
    expect(lines).toEqual([
      `#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=12000,AVERAGE-BANDWIDTH=6000,CODECS="avc1.64001f",RESOLUTION=1280x720,URI="../media/${REVISION}/720p/iframes.m3u8"`,
      `#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=6000,AVERAGE-BANDWIDTH=3000,CODECS="avc1.64001f",RESOLUTION=640x360,URI="../media/${REVISION}/360p/iframes.m3u8"`,
    ]);
    const master = HLS.parse(text) as HLS.types.MasterPlaylist;
    expect(master.variants.filter(({ isIFrameOnly }) => isIFrameOnly)).toHaveLength(2);
    expect(master.variants.filter(({ isIFrameOnly }) => !isIFrameOnly)).toHaveLength(3);
  });

  test('is not there where the map does not know the key frames', () => {
    expect(renderIframePlaylist(video('360p', 360, undefined))).toBeUndefined();
    expect(masterOf(video('360p', 360, undefined))).not.toContain('I-FRAME');
  });
});
