import * as HLS from 'hls-parser';
import { Parser } from 'm3u8-parser';
import { describe, expect, test } from 'vitest';

import type { RenditionMap, SegmentMap } from '../../src/contracts/media.ts';
import { renderMediaPlaylist, renderMultivariantPlaylist } from '../../src/media/hls.ts';

const REVISION = '01k0a0a0a0abcdefghjkmnpqrs';
const span = { object: 0, offset: 0, length: 100 };

function video(name: string, height: number, bandwidthBps: number): RenditionMap {
  return {
    name,
    kind: 'video',
    codecs: 'avc1.64001f',
    width: (height * 16) / 9,
    height,
    frameRate: { numerator: 30000, denominator: 1001 },
    timescale: 30000,
    bandwidthBps,
    averageBandwidthBps: bandwidthBps / 2,
    init: span,
    segments: [60060, 120120, 180180, 45045].map((durationTicks) => ({ ...span, durationTicks })),
  };
}

const AUDIO: RenditionMap = {
  name: 'audio',
  kind: 'audio',
  codecs: 'mp4a.40.2',
  channels: 2,
  language: 'eng',
  timescale: 48000,
  bandwidthBps: 130_000,
  averageBandwidthBps: 128_000,
  init: span,
  segments: [96256, 192512].map((durationTicks) => ({ ...span, durationTicks })),
};

function mapOf(...renditions: RenditionMap[]): SegmentMap {
  return { version: 1, objects: ['one'], renditions, durationSeconds: 13.5135 };
}

function readMaster(text: string): HLS.types.MasterPlaylist {
  return HLS.parse(text) as HLS.types.MasterPlaylist;
}

function readMedia(text: string): HLS.types.MediaPlaylist {
  return HLS.parse(text) as HLS.types.MediaPlaylist;
}

describe('the multivariant playlist', () => {
  const text = renderMultivariantPlaylist(
    mapOf(video('360p', 360, 800_000), video('1080p', 1080, 5_000_000), AUDIO),
    REVISION,
  );

  test('is exactly this', () => {
    expect(text).toBe(
      [
        '#EXTM3U',
        '#EXT-X-VERSION:7',
        '#EXT-X-INDEPENDENT-SEGMENTS',
        `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="../media/${REVISION}/audio/playlist.m3u8"`,
        '#EXT-X-STREAM-INF:BANDWIDTH=5130000,AVERAGE-BANDWIDTH=2628000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=29.970,CLOSED-CAPTIONS=NONE,AUDIO="audio"',
        `../media/${REVISION}/1080p/playlist.m3u8`,
        '#EXT-X-STREAM-INF:BANDWIDTH=930000,AVERAGE-BANDWIDTH=528000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,CLOSED-CAPTIONS=NONE,AUDIO="audio"',
        `../media/${REVISION}/360p/playlist.m3u8`,
        '',
      ].join('\n'),
    );
  });

  test('says the same to hls-parser', () => {
    const master = readMaster(text);
    expect(master.version).toBe(7);
    expect(master.independentSegments).toBe(true);
    expect(master.variants.map(({ bandwidth }) => bandwidth)).toEqual([5_130_000, 930_000]);
    expect(master.variants[0]).toMatchObject({
      averageBandwidth: 2_628_000,
      codecs: 'avc1.64001f,mp4a.40.2',
      resolution: { width: 1920, height: 1080 },
      frameRate: 29.97,
      uri: `../media/${REVISION}/1080p/playlist.m3u8`,
    });
    expect(master.variants[0]?.audio[0]).toMatchObject({
      groupId: 'audio',
      language: 'en',
      isDefault: true,
      autoselect: true,
      channels: '2',
    });
  });

  test('says the same to m3u8-parser', () => {
    const parser = new Parser();
    parser.push(text);
    parser.end();
    const { playlists = [], mediaGroups, independentSegments } = parser.manifest;
    expect(independentSegments).toBe(true);
    expect(playlists.map(({ attributes }) => attributes)).toMatchObject([
      {
        BANDWIDTH: 5_130_000,
        RESOLUTION: { width: 1920, height: 1080 },
        'FRAME-RATE': 29.97,
        'CLOSED-CAPTIONS': 'NONE',
        AUDIO: 'audio',
      },
      { BANDWIDTH: 930_000 },
    ]);
    expect(mediaGroups?.AUDIO['audio']?.['English']).toMatchObject({
      default: true,
      autoselect: true,
      language: 'en',
      uri: `../media/${REVISION}/audio/playlist.m3u8`,
    });
  });

  test('has the audio rendition as variant when there is no video', () => {
    const [variant, ...others] = readMaster(
      renderMultivariantPlaylist(mapOf(AUDIO), REVISION),
    ).variants;
    expect(others).toEqual([]);
    expect(variant).toMatchObject({
      bandwidth: 130_000,
      averageBandwidth: 128_000,
      codecs: 'mp4a.40.2',
      audio: [],
      uri: `../media/${REVISION}/audio/playlist.m3u8`,
    });
    const only = renderMultivariantPlaylist(mapOf(AUDIO), REVISION);
    expect(only).not.toMatch(/RESOLUTION|FRAME-RATE|EXT-X-MEDIA/);
  });

  test('two tracks are one group, surround sound a second one with the same names', () => {
    const first = { ...AUDIO, track: 0 };
    const second = { ...AUDIO, name: 'audio2', track: 1, language: 'deu', title: 'Kommentar "A"' };
    const surround = {
      ...first,
      name: 'surround',
      codecs: 'ac-3',
      channels: 6,
      bandwidthBps: 640_000,
    };
    const other = { ...surround, name: 'surround2', track: 1 };
    const master = readMaster(
      renderMultivariantPlaylist(
        mapOf(video('360p', 360, 800_000), first, second, surround, other),
        REVISION,
      ),
    );
    expect(master.variants.map(({ codecs }) => codecs)).toEqual([
      'avc1.64001f,mp4a.40.2',
      'avc1.64001f,ac-3',
    ]);
    const groups = master.variants.map(({ audio }) =>
      audio.map(({ groupId, name, language, isDefault, channels }) => ({
        ...{ groupId, name, language, isDefault, channels },
      })),
    );
    const german = { name: 'Kommentar ”A”', language: 'de', isDefault: false, channels: '2' };
    expect(groups).toEqual([
      [
        { groupId: 'audio', name: 'English', language: 'en', isDefault: true, channels: '2' },
        { groupId: 'audio', ...german },
      ],
      [
        { groupId: 'surround', name: 'English', language: 'en', isDefault: true, channels: '6' },
        { groupId: 'surround', ...german, channels: '6' },
      ],
    ]);
    expect(master.variants.map(({ bandwidth }) => bandwidth)).toEqual([930_000, 1_440_000]);
  });

  test.each([
    ['that one track lacks', { track: 0 }, []],
    ['in two codecs', { track: 0 }, [{ track: 1, codecs: 'ec-3' }]],
  ])('surround sound %s is no group: players take a group for one codec', (_, one, more) => {
    const others = [one, ...more].map((facts, n) => ({
      ...{ ...AUDIO, name: `surround${n}`, codecs: 'ac-3', channels: 6 },
      ...facts,
    }));
    const tracks = [0, 1].map((track) => ({ ...AUDIO, name: `audio${track}`, track }));
    const map = mapOf(video('360p', 360, 800_000), ...tracks, ...others);
    const { variants } = readMaster(renderMultivariantPlaylist(map, REVISION));
    expect(variants.map(({ codecs }) => codecs)).toEqual(['avc1.64001f,mp4a.40.2']);
    expect(variants[0]?.audio).toHaveLength(2);
  });

  test('two tracks without video: the default one is the variant, both are offered', () => {
    const master = readMaster(
      renderMultivariantPlaylist(mapOf(AUDIO, { ...AUDIO, name: 'audio2' }), REVISION),
    );
    expect(master.variants).toMatchObject([
      { bandwidth: 130_000, uri: `../media/${REVISION}/audio/playlist.m3u8` },
    ]);
    expect(master.variants[0]?.audio.map(({ name }) => name)).toEqual(['English', 'English 2']);
  });

  test('names no audio group when there is no audio', () => {
    const silent = renderMultivariantPlaylist(mapOf(video('360p', 360, 800_000)), REVISION);
    expect(silent).not.toMatch(/AUDIO|EXT-X-MEDIA/);
    expect(readMaster(silent).variants).toMatchObject([
      { bandwidth: 800_000, codecs: 'avc1.64001f' },
    ]);
  });

  test.each(['und', 'x"y\n', '', '!!'])('leaves out the language %j', (language) => {
    const odd = renderMultivariantPlaylist(
      mapOf(video('360p', 360, 1), { ...AUDIO, language }),
      REVISION,
    );
    expect(odd).toContain('NAME="audio",DEFAULT=YES');
  });

  test('keeps quotes and line breaks out of quoted strings', () => {
    const odd = renderMultivariantPlaylist(
      mapOf({ ...video('360p', 360, 1), codecs: 'a"b\r\n#EXT-X-ENDLIST' }),
      REVISION,
    );
    expect(odd).toContain(`CODECS="a”b  #EXT-X-ENDLIST"`);
  });
});

describe('a media playlist', () => {
  test('is exactly this', () => {
    expect(renderMediaPlaylist(AUDIO)).toBe(
      [
        '#EXTM3U',
        '#EXT-X-VERSION:7',
        '#EXT-X-TARGETDURATION:4',
        '#EXT-X-MEDIA-SEQUENCE:0',
        '#EXT-X-PLAYLIST-TYPE:VOD',
        '#EXT-X-INDEPENDENT-SEGMENTS',
        '#EXT-X-MAP:URI="init.mp4"',
        '#EXTINF:2.005333,',
        '0.m4s',
        '#EXTINF:4.010667,',
        '1.m4s',
        '#EXT-X-ENDLIST',
        '',
      ].join('\n'),
    );
  });

  test('says the same to both parsers', () => {
    const text = renderMediaPlaylist(video('360p', 360, 1));
    const first = readMedia(text);
    const parser = new Parser();
    parser.push(text);
    parser.end();
    const second = parser.manifest;
    const durations = [2.002, 4.004, 6.006, 1.5015];
    expect(first.segments.map(({ duration }) => duration)).toEqual(durations);
    expect(second.segments.map(({ duration }) => duration)).toEqual(durations);
    expect(first).toMatchObject({ targetDuration: 6, endlist: true, playlistType: 'VOD' });
    expect(second).toMatchObject({ targetDuration: 6, endList: true, playlistType: 'VOD' });
    expect(first.segments[0]?.map?.uri).toBe('init.mp4');
    expect(second.segments[3]).toMatchObject({ uri: '3.m4s', map: { uri: 'init.mp4' } });
  });

  test('sums up to the exact length after thousands of segments', () => {
    const ticks = 192_512 + 1 / 3;
    const count = 5400;
    const segments = Array.from({ length: count }, (_, n) => ({
      ...span,
      durationTicks: n % 3 === 0 ? 192_513 : 192_512,
    }));
    const text = renderMediaPlaylist({ ...AUDIO, segments });
    const sum = readMedia(text).segments.reduce((total, one) => total + one.duration, 0);
    expect(sum).toBeCloseTo((ticks * count) / 48000, 5);
  });

  test.each([
    [4.4, 4],
    [4.5, 5],
    [0.2, 1],
  ])('with a longest segment of %d s has the target duration %d', (seconds, expected) => {
    const segments = [{ ...span, durationTicks: seconds * 48000 }];
    expect(readMedia(renderMediaPlaylist({ ...AUDIO, segments })).targetDuration).toBe(expected);
  });
});
