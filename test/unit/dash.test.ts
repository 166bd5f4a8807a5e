import { describe, expect, test } from 'vitest';

import type { RenditionMap, SegmentMap } from '../../src/contracts/media.ts';
import { renderDashManifest } from '../../src/media/dash.ts';
import { readWithShaka } from './read-with-shaka.ts';
import type { ReadManifest } from './read-with-shaka.ts';

const REVISION = '01k0a0a0a0abcdefghjkmnpqrs';
const MANIFEST_URL = 'http://gate.test/aaa.bbb.ccc/manifest/video.mpd';
const MEDIA_URL = `http://gate.test/aaa.bbb.ccc/media/${REVISION}`;
const span = { object: 0, offset: 0, length: 100 };

function lasting(...ticks: number[]): RenditionMap['segments'] {
  return ticks.map((durationTicks) => ({ ...span, durationTicks }));
}

function video(name: string, height: number, more: Partial<RenditionMap> = {}): RenditionMap {
  return {
    name,
    kind: 'video',
    codecs: 'avc1.64001f',
    width: (height * 16) / 9,
    height,
    frameRate: { numerator: 30000, denominator: 1001 },
    timescale: 30000,
    startTicks: 0,
    bandwidthBps: height * 1000,
    averageBandwidthBps: height * 900,
    init: span,
    segments: lasting(60060, 120120, 180180, 180180, 45045),
    ...more,
  };
}

/** Stereo AAC whose first 1,024 samples are the encoder's. */
function audio(name: string, more: Partial<RenditionMap> = {}): RenditionMap {
  return {
    name,
    kind: 'audio',
    codecs: 'mp4a.40.2',
    channels: 2,
    track: 0,
    language: 'eng',
    timescale: 48000,
    startTicks: -1024,
    bandwidthBps: 130_000,
    averageBandwidthBps: 128_000,
    init: span,
    segments: lasting(97280, 192512, 288768, 288768, 70656),
    ...more,
  };
}

function render(...renditions: RenditionMap[]): string {
  const map: SegmentMap = { version: 1, objects: ['one'], renditions, durationSeconds: 19.5 };
  return renderDashManifest(map, REVISION);
}

function read(...renditions: RenditionMap[]): Promise<ReadManifest> {
  return readWithShaka(render(...renditions), MANIFEST_URL);
}

test('the manifest is exactly this', () => {
  expect(render(video('360p', 360), video('1080p', 1080), audio('audio'))).toBe(
    `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT19.52S" minBufferTime="PT2S">
  <Period id="0" start="PT0S" duration="PT19.52S">
    <BaseURL>../media/${REVISION}/</BaseURL>
    <AdaptationSet id="0" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" maxWidth="1920" maxHeight="1080" maxFrameRate="30000/1001">
      <Representation id="1080p" codecs="avc1.64001f" bandwidth="1080000" width="1920" height="1080" frameRate="30000/1001" sar="1:1">
        <SegmentTemplate timescale="30000" startNumber="0" initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number$.m4s">
          <SegmentTimeline>
            <S t="0" d="60060"/>
            <S d="120120"/>
            <S d="180180" r="1"/>
            <S d="45045"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
      <Representation id="360p" codecs="avc1.64001f" bandwidth="360000" width="640" height="360" frameRate="30000/1001" sar="1:1">
        <SegmentTemplate timescale="30000" startNumber="0" initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number$.m4s">
          <SegmentTimeline>
            <S t="0" d="60060"/>
            <S d="120120"/>
            <S d="180180" r="1"/>
            <S d="45045"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
    <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" lang="en" segmentAlignment="true" startWithSAP="1">
      <AudioChannelConfiguration schemeIdUri="urn:mpeg:mpegB:cicp:ChannelConfiguration" value="2"/>
      <Label>English</Label>
      <Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>
      <Representation id="audio" codecs="mp4a.40.2" bandwidth="130000">
        <SegmentTemplate timescale="48000" startNumber="0" initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number$.m4s">
          <SegmentTimeline>
            <S t="0" d="96256"/>
            <S d="192512"/>
            <S d="288768" r="1"/>
            <S d="70656"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
`,
  );
});

describe('Shaka reads', () => {
  test('every picture and sound with its size, rate, codec and bandwidth', async () => {
    const { video: pictures, audio: sounds } = await read(
      video('360p', 360),
      video('1080p', 1080, { frameRate: { numerator: 60, denominator: 1 } }),
      audio('audio'),
    );
    expect(pictures.map(({ stream }) => stream)).toMatchObject([
      { codecs: 'avc1.64001f', width: 1920, height: 1080, frameRate: 60, bandwidth: 1_080_000 },
      { width: 640, height: 360, frameRate: 30000 / 1001, bandwidth: 360_000 },
    ]);
    expect(sounds.map(({ stream }) => stream)).toMatchObject([
      { codecs: 'mp4a.40.2', channelsCount: 2, language: 'en', label: 'English', primary: true },
    ]);
  });

  test('addresses below the token in the path', async () => {
    const { video: pictures, audio: sounds } = await read(video('720p', 720), audio('audio'));
    expect(pictures[0]?.segments.map(({ url }) => url)).toEqual(
      [0, 1, 2, 3, 4].map((n) => `${MEDIA_URL}/720p/${n}.m4s`),
    );
    expect(sounds[0]?.segments.at(-1)?.url).toBe(`${MEDIA_URL}/audio/4.m4s`);
  });

  test('segments where their pictures are', async () => {
    const { video: pictures, durationSeconds } = await read(video('720p', 720));
    expect(pictures[0]?.segments.map(({ start }) => start)).toEqual([
      0, 2.002, 6.006, 12.012, 18.018,
    ]);
    expect(durationSeconds).toBe(19.5195);
  });

  test('sound without the priming samples, which no presentation time belongs to', async () => {
    const { audio: sounds } = await read(audio('audio'));
    const ends = [96256, 288768, 577536, 866304, 936960].map((ticks) => ticks / 48000);
    expect(sounds[0]?.segments.map(({ end }) => end)).toEqual(ends);
    expect(sounds[0]?.segments[0]?.start).toBe(0);
  });

  test('sound that begins later where it begins', async () => {
    const late = audio('surround', { codecs: 'ac-3', channels: 6, startTicks: 24_000 });
    const { audio: sounds } = await read(video('720p', 720), audio('audio'), late);
    expect(sounds[1]?.segments.slice(0, 2).map(({ start }) => start)).toEqual([
      0.5,
      (24_000 + 97_280) / 48_000,
    ]);
  });

  test('sound alone', async () => {
    const alone = await read(audio('audio'));
    expect(alone.video).toEqual([]);
    expect(alone.audio).toHaveLength(1);
    expect(alone.durationSeconds).toBe(936_960 / 48_000);
  });

  test('pictures alone', async () => {
    const silent = await read(video('720p', 720));
    expect(silent.audio).toEqual([]);
    expect(silent.video).toHaveLength(1);
  });

  test('several tracks, the first one as the default, and their surround sound', async () => {
    const { audio: sounds } = await read(
      video('720p', 720),
      audio('audio'),
      audio('audio2', { track: 1, language: 'deu', channels: 1, title: 'Kommentar' }),
      audio('surround', { codecs: 'ec-3', channels: 6 }),
    );
    expect(sounds.map(({ stream }) => stream)).toMatchObject([
      { originalId: 'audio', language: 'en', roles: ['main'], channelsCount: 2 },
      {
        originalId: 'audio2',
        language: 'de',
        roles: ['alternate'],
        channelsCount: 1,
        label: 'Kommentar',
      },
      { originalId: 'surround', language: 'en', roles: ['main'], channelsCount: 6, codecs: 'ec-3' },
    ]);
  });

  test('a language that names none as none', async () => {
    const { audio: sounds } = await read(audio('audio', { language: 'und' }));
    expect(sounds[0]?.stream).toMatchObject({ language: 'und', label: 'audio' });
    expect(render(audio('audio', { language: 'und' }))).not.toContain('lang=');
  });
});

test('another codec for pictures is a set of its own, H.264 first', () => {
  const text = render(
    video('1080p', 1080),
    video('360p', 360),
    video('1080pav1', 1080, { codecs: 'av01.0.08M.08' }),
  );
  const sets = text.split('<AdaptationSet').slice(1);
  expect(sets.map((set) => set.match(/(?<=codecs=")\w+/g))).toEqual([['avc1', 'avc1'], ['av01']]);
});

test.each([
  ['a third of a microsecond more', 30000, 1001, 'PT0.033367S'],
  ['whole seconds', 30000, 60_000, 'PT2S'],
  ['two days', 90_000, 90_000 * 172_800 + 1, 'PT172800.000012S'],
])('the length is never shorter than the pictures: %s', (_, timescale, ticks, duration) => {
  const text = render(video('720p', 720, { timescale, segments: lasting(ticks) }));
  expect(text).toContain(`mediaPresentationDuration="${duration}"`);
});

test('a long video stays exact and small', async () => {
  const count = 5400;
  const ticks = Array.from({ length: count }, (_, n) => (n % 3 === 0 ? 193_536 : 192_512));
  const map = audio('audio', { segments: lasting(...ticks) });
  const { audio: sounds, durationSeconds } = await read(video('720p', 720), map);
  const total = ticks.reduce((sum, each) => sum + each, -1024);
  expect(durationSeconds).toBe(Math.ceil((total / 48_000) * 1e6) / 1e6);
  const before = total - (ticks.at(-1) ?? 0);
  expect(sounds[0]?.segments.at(-1)?.start).toBeCloseTo(before / 48_000, 9);
  const pictures = render(video('720p', 720, { segments: lasting(...Array(count).fill(180_180)) }));
  expect(pictures.length).toBeLessThan(1500);
});

test('what a file is named can not break out of the document', async () => {
  const title = `"'><S/>&amp;\u0000\n ]]> <!-- é 音`;
  const { audio: sounds } = await read(video('720p', 720), audio('audio', { title }));
  expect(sounds[0]?.stream.label).toBe(`"'><S/>&amp;   ]]> <!-- é 音`);
});

test('half a character is no character', () => {
  const text = render(video('720p', 720), audio('audio', { title: 'a\ud800b\uffff' }));
  expect(text).toContain('<Label>a\ufffdb </Label>');
});

test('a map from before start times were kept still has a manifest', () => {
  const { startTicks: _, ...old } = audio('audio');
  expect(render(old)).toContain('<S t="0" d="97280"/>');
});
