import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import type { EncodedPacket } from 'mediabunny';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import { ApiClient } from '../../scripts/client.ts';
import type { VideoObject } from '../../scripts/client.ts';
import { renderDashManifest } from '../../src/media/dash.ts';
import { makeClip } from '../../scripts/make-clip.ts';
import { CLIPS, clipFile } from '../fixtures/clips.ts';
import type { Clip } from '../fixtures/clips.ts';
import { readWithShaka } from '../unit/read-with-shaka.ts';
import { launchBrowser } from './browser.ts';
import { playWithShaka, shakaSite } from './play-with-shaka.ts';
import type { BufferedRange, ShakaSeen } from './play-with-shaka.ts';
import { ADMIN_TOKEN } from './running-platform.ts';

const READY_DEADLINE_MS = 240_000;
/** Decoded frames that a browser may leave out under load. */
const MOST_FRAMES = 0.95;
/** Rounding of a media element's times, and the frame at a boundary. */
const NEAR_SECONDS = 0.05;
const NAMES = ['h264.mp4', 'film.mp4', 'rotated.mov', 'no-audio.mp4', 'audio-only.m4a'];
const PLAYED = CLIPS.filter(({ name }) => NAMES.includes(name));
const FORMATS = ['hls', 'dash'] as const;

const LANGUAGES = [
  ...['-f', 'lavfi', '-i', 'testsrc2=size=426x240:rate=30:duration=4'],
  ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=4'],
  // Copied, it begins later than the rest.
  ...['-itsoffset', '0.5', '-f', 'lavfi', '-i', 'sine=frequency=660:sample_rate=48000:duration=3'],
  ...['-map', '0:v', '-map', '1:a', '-map', '2:a', '-c:v', 'libx264', '-preset', 'ultrafast'],
  ...['-pix_fmt', 'yuv420p', '-c:a:0', 'aac', '-ac:a:0', '2', '-c:a:1', 'ac3', '-ac:a:1', '6'],
  ...['-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=deu', 'languages.mp4'],
];

const client = new ApiClient(inject('platformUrl'), ADMIN_TOKEN);
const videos = new Map<string, VideoObject>();
let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launchBrowser();
  page = await browser.newPage();
  const engine = await chooseEngine('auto');
  for (const { name } of PLAYED) {
    const { uid } = await client.upload(await clipFile(engine, name));
    videos.set(name, await client.untilSettled(uid, READY_DEADLINE_MS));
  }
}, READY_DEADLINE_MS);

afterAll(() => browser?.close());

function videoOf(name: string): VideoObject {
  const video = videos.get(name);
  if (video === undefined) throw new Error(`${name} was not uploaded`);
  return video;
}

function expectWhole(ranges: readonly BufferedRange[], seconds: number): void {
  expect(ranges).toHaveLength(1);
  expect(ranges[0]?.start).toBeLessThan(NEAR_SECONDS);
  expect(Math.abs((ranges[0]?.end ?? 0) - seconds)).toBeLessThan(NEAR_SECONDS);
}

function expectPlayed(seen: ShakaSeen | undefined, clip: Clip): void {
  if (seen === undefined) throw new Error('nothing was seen');
  expect(seen.errors).toEqual([]);
  expect(Math.abs(seen.duration - clip.seconds)).toBeLessThan(NEAR_SECONDS);
  expect(seen.currentTime).toBeCloseTo(seen.duration, 1);
  expect(seen.audioTracks).toHaveLength(clip.hasAudio ? 1 : 0);
  if (clip.hasAudio) expectWhole(seen.audio, clip.seconds);
  if (clip.size !== undefined) {
    expect([seen.width, seen.height]).toEqual(clip.size);
    expectWhole(seen.video, clip.seconds);
  }
  const { frames = 0 } = clip;
  expect(seen.frames).toBeGreaterThanOrEqual(frames * MOST_FRAMES);
  expect(seen.frames).toBeLessThanOrEqual(frames);
}

describe.each(PLAYED)('Shaka plays $name to the end, and again from the middle', (clip: Clip) => {
  const seen = new Map<string, ShakaSeen>();

  test.each(FORMATS)('%s', async (format) => {
    const url = videoOf(clip.name).playback[format];
    seen.set(format, await playWithShaka(page, url, { seekTo: clip.seconds / 2, rate: 3 }));
    expectPlayed(seen.get(format), clip);
  });

  test('at the same places in both', () => {
    const [hls, dash] = FORMATS.map((format) => seen.get(format));
    expect({ video: dash?.video, audio: dash?.audio }).toEqual({
      video: hls?.video,
      audio: hls?.audio,
    });
  });
});

async function bytesOf(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer());
}

/** The first sample of a segment as another demuxer reads it: edit list and all. */
async function firstPacketOf(segmentUrl: string): Promise<EncodedPacket | null> {
  const init = await bytesOf(new URL('init.mp4', segmentUrl).href);
  const source = new BufferSource(Buffer.concat([init, await bytesOf(segmentUrl)]));
  const [track] = await new Input({ source, formats: ALL_FORMATS }).getTracks();
  return track === undefined ? null : new EncodedPacketSink(track).getFirstPacket();
}

/** Every segment is presented when the manifest says so. Answers when each rendition begins. */
async function expectTimes(dash: string): Promise<number[]> {
  const { video, audio } = await readWithShaka((await bytesOf(dash)).toString(), dash);
  for (const { start, url } of [...video, ...audio].flatMap(({ segments }) => segments)) {
    const packet = await firstPacketOf(url);
    expect(packet?.type).toBe('key');
    // Priming samples come before the presentation begins.
    expect(Math.max(0, packet?.timestamp ?? NaN)).toBeCloseTo(start, 9);
  }
  return [...video, ...audio].map(({ segments }) => segments[0]?.start ?? NaN);
}

test.each(PLAYED)(
  'the DASH manifest of $name says when each segment is presented',
  async ({ name }) => {
    const starts = await expectTimes(videoOf(name).playback.dash);
    expect(new Set(starts)).toEqual(new Set([0]));
  },
);

test('the DASH manifest is XML to a browser, whatever a track is named', async () => {
  const name = '<b>"&amp;\u0001\ud800]]></Label>';
  const span = { object: 0, offset: 0, length: 1 };
  const audio = { name: 'audio', kind: 'audio', codecs: 'mp4a.40.2', timescale: 48_000 } as const;
  const rates = { bandwidthBps: 1, averageBandwidthBps: 1 };
  const rendition = {
    ...audio,
    ...rates,
    title: name,
    init: span,
    segments: [{ ...span, durationTicks: 1024 }],
  };
  const map = { version: 1, objects: [''], renditions: [rendition], durationSeconds: 1 } as const;
  const label = await page.evaluate(
    (text) => {
      const document = new DOMParser().parseFromString(text, 'application/xml');
      return (
        document.querySelector('parsererror')?.textContent ??
        document.querySelector('Label')?.textContent
      );
    },
    renderDashManifest(map, 'r'),
  );
  expect(label).toBe('<b>"&amp; \ufffd]]></Label>');
});

describe('a video in two languages, one of them in 5.1', () => {
  let video: VideoObject;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'streamgate-shaka-'));
    const file = join(folder, 'languages.mp4');
    await makeClip(await chooseEngine('auto'), file, LANGUAGES);
    const { uid } = await client.upload(file);
    video = await client.untilSettled(uid, READY_DEADLINE_MS);
    await rm(folder, { recursive: true, force: true });
  }, READY_DEADLINE_MS);

  test('has a set for each language and one for the surround sound', async () => {
    const { dash } = video.playback;
    const { audio } = await readWithShaka((await bytesOf(dash)).toString(), dash);
    expect(audio.map(({ stream }) => stream)).toMatchObject([
      { language: 'en', codecs: 'mp4a.40.2', roles: ['main'], channelsCount: 2 },
      { language: 'de', codecs: 'mp4a.40.2', roles: ['alternate'], channelsCount: 2 },
      { language: 'de', codecs: 'ac-3', roles: ['alternate'], channelsCount: 6 },
    ]);
  });

  test('has its surround sound where it begins in the source', async () => {
    const starts = await expectTimes(video.playback.dash);
    expect(starts.slice(0, 3)).toEqual([0, 0, 0]);
    expect(Math.abs((starts[3] ?? NaN) - 0.5)).toBeLessThan(0.02);
  });

  test.each(FORMATS)(
    'plays as %s, also where the surround sound can not be decoded',
    async (format) => {
      const seen = await playWithShaka(page, video.playback[format], { rate: 2 });
      expect(seen.errors).toEqual([]);
      expectWhole(seen.video, 4);
      expectWhole(seen.audio, 4);
      expect(seen.audioTracks.map(({ language }) => language).toSorted()).toEqual(['de', 'en']);
    },
  );
});

describe('a protected video, on the one page that may show it', () => {
  beforeAll(async () => {
    const { host } = new URL(await shakaSite());
    const { uid } = videoOf('no-audio.mp4');
    await client.editVideo(uid, { requireSignedURLs: true, allowedOrigins: [host] });
    const open = videoOf('no-audio.mp4').playback.dash;
    await vi.waitFor(async () => expect((await fetch(open)).status).toBe(401), 12_000);
  });

  test.each(FORMATS)('Shaka plays its %s by token', async (format) => {
    const { uid, playback } = videoOf('no-audio.mp4');
    const url = playback[format].replace(uid, await client.playbackToken(uid));
    const seen = await playWithShaka(page, url);
    expect(seen).toMatchObject({ errors: [], width: 426 });
    expect(seen.currentTime).toBeCloseTo(4, 1);
  });

  test.each(FORMATS)('Shaka is refused its %s without', async (format) => {
    const url = videoOf('no-audio.mp4').playback[format];
    const { errors } = await playWithShaka(page, url);
    expect(errors).toContain(`401 ${url}`);
  });
});
