import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as HLS from 'hls-parser';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import type { EncoderEngine } from '../../containers/transcoder/engine.ts';
import { ApiClient } from '../../scripts/client.ts';
import { makeClip } from '../../scripts/make-clip.ts';
import { SOURCE_PATH } from '../../src/media/ffmpeg-guards.ts';
import { launchBrowser } from './browser.ts';
import { shakaSite } from './play-with-shaka.ts';
import { readImage } from './read-image.ts';
import { ADMIN_TOKEN } from './running-platform.ts';

const READY_DEADLINE_MS = 240_000;
/** One a second, three times over. */
const COLOURS = ['red', 'lime', 'blue', 'white'] as const;
const SECONDS = 12;

const client = new ApiClient(inject('platformUrl'), ADMIN_TOKEN);
let folder: string;
let engine: EncoderEngine;
let browser: Browser;
let page: Page;
let uid: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamgate-images-'));
  engine = await chooseEngine('auto');
  const file = join(folder, 'colours.mp4');
  await makeClip(engine, file, colouredClip());
  ({ uid } = await client.upload(file));
  const video = await client.untilSettled(uid, READY_DEADLINE_MS);
  expect(video.status.state).toBe('ready');
  browser = await launchBrowser();
  page = await browser.newPage();
  await page.goto(`${client.url}/${uid}/watch`, { waitUntil: 'domcontentloaded' });
}, READY_DEADLINE_MS);

afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

function colouredClip(): string[] {
  const inputs = COLOURS.flatMap((colour) => [
    ['-f', 'lavfi', '-i', `color=${colour}:size=640x360:rate=30:duration=1`],
  ]).flat();
  const graph = `[0][1][2][3]concat=n=4,loop=loop=2:size=120,setpts=N/30/TB,format=yuv420p[v]`;
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30'];
  return [...inputs, '-filter_complex', graph, '-map', '[v]', ...codec, 'colours.mp4'];
}

/** The colour that is to be seen at this second. */
function colourAt(second: number): string {
  return COLOURS[Math.floor(second) % COLOURS.length] ?? '';
}

describe('a thumbnail', () => {
  test('shows the picture of the second that is asked for', async () => {
    const seen: string[] = [];
    const seconds = [0, 0.9, 1, 2.5, 5.9, 6, 9.5, 11, 60];
    for (const time of seconds) {
      const image = await readImage(
        page,
        `/${uid}/thumbnails/thumbnail.jpg?time=${time}s&width=160`,
      );
      expect(image).toMatchObject({ fallback: null, type: 'image/jpeg', width: 160, height: 90 });
      seen.push(image.frames[0] ?? '');
    }
    expect(seen).toEqual(seconds.map((time) => colourAt(Math.min(time, SECONDS - 0.1))));
  });

  test.each([
    ['width=200&height=200', 200, 200],
    ['width=200&height=200&fit=fill', 200, 200],
    ['width=200&height=200&fit=clip', 200, 113],
    ['height=1080', 1920, 1080],
    ['', 640, 360],
  ])('with %j has %d × %d pixels', async (query, width, height) => {
    const image = await readImage(page, `/${uid}/thumbnails/thumbnail.jpg?${query}`);
    expect(image).toMatchObject({ fallback: null, width, height });
  });

  test('is made once, for everybody who asks at the same time', async () => {
    const url = `${client.url}/${uid}/thumbnails/thumbnail.jpg?time=3.3s&width=333`;
    const responses = await Promise.all(Array.from({ length: 10 }, () => fetch(url)));
    const tags = new Set(responses.map(({ headers }) => headers.get('etag')));
    expect(tags.size).toBe(1);
    for (const response of responses) {
      expect(response.headers.get('x-image-fallback')).toBeNull();
      await response.arrayBuffer();
    }
  });

  test('may be moved by the owner', async () => {
    await client.editVideo(uid, { thumbnailTimestampPct: 0.55 });
    const path = `/${uid}/thumbnails/thumbnail.jpg`;
    const colour = async (): Promise<string | undefined> =>
      (await readImage(page, `${path}?n=${Date.now()}`)).frames[0];
    await expect.poll(colour, { timeout: 12_000 }).toBe(colourAt(SECONDS * 0.55));
    await client.editVideo(uid, { thumbnailTimestampPct: 0 });
  });
});

test('an animation shows the seconds that are asked for, one after another', async () => {
  const path = `/${uid}/thumbnails/thumbnail.gif?time=1s&duration=3s&fps=2&width=96`;
  const image = await readImage(page, path);
  expect(image).toMatchObject({ fallback: null, type: 'image/gif', width: 96, height: 54 });
  expect(image.frames).toEqual(['lime', 'lime', 'blue', 'blue', 'white', 'white']);
});

describe('a storyboard', () => {
  test('shows itself above the seek bar of the player where the pointer is', async () => {
    await page.waitForSelector('[data-state="ready"]');
    const bar = await page.waitForSelector('.player-seek');
    const box = await bar?.boundingBox();
    if (!box) throw new Error('there is no seek bar');
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width * 0.3, y);
    await page.mouse.move(box.x + (box.width * 6.5) / SECONDS, y);
    await page.waitForSelector('.player-preview-picture:not([hidden])');
    const shown = await page.$eval('.player-preview', (preview) => {
      const { backgroundPosition, backgroundImage } = getComputedStyle(
        preview.querySelector('.player-preview-picture') ?? preview,
      );
      return { text: preview.textContent, backgroundPosition, backgroundImage };
    });
    expect(shown).toEqual({
      text: '0:06',
      backgroundPosition: '-960px 0px',
      backgroundImage: `url("${client.url}/${uid}/storyboard.jpg")`,
    });
    await page.mouse.move(10, 10);
    expect(await page.$eval('.player-preview', (preview) => preview.hasAttribute('hidden'))).toBe(
      true,
    );
  });

  test('has a picture for every second, where its JSON says', async () => {
    const response = await fetch(`${client.url}/${uid}/storyboard.json`);
    expect(response.headers.get('content-type')).toBe('application/json');
    const { url, tileWidth, tileHeight, tiles } = (await response.json()) as {
      url: string;
      tileWidth: number;
      tileHeight: number;
      tiles: { startTime: number; x: number; y: number }[];
    };
    expect(url).toBe(`${client.url}/${uid}/storyboard.jpg`);
    expect([tileWidth, tileHeight]).toEqual([160, 90]);
    const places = tiles.map(({ x, y }) => ({ x, y, width: tileWidth, height: tileHeight }));
    const sheet = await readImage(page, new URL(url).pathname, places);
    expect(sheet.frames).toEqual(tiles.map(({ startTime }) => colourAt(startTime)));
    expect(tiles).toHaveLength(SECONDS);
  });

  test('is a WebVTT track to a browser', async () => {
    const cues = await page.evaluate(async (src) => {
      const track = Object.assign(document.createElement('track'), { kind: 'metadata', src });
      const video = document.createElement('video');
      video.append(track);
      track.track.mode = 'hidden';
      await new Promise((resolve, reject) => {
        track.addEventListener('load', resolve);
        track.addEventListener('error', reject);
      });
      return [...(track.track.cues ?? [])].map((cue) => [
        cue.startTime,
        cue.endTime,
        (cue as VTTCue).text,
      ]);
    }, `/${uid}/storyboard.vtt`);
    expect(cues).toHaveLength(SECONDS);
    expect(cues[11]).toEqual([11, SECONDS, 'storyboard.jpg#xywh=160,90,160,90']);
  });
});

test('every range of an I-frame playlist is one picture, the right one', async () => {
  const manifest = new URL(`${client.url}/${uid}/manifest/video.m3u8`);
  const master = HLS.parse(await (await fetch(manifest)).text()) as HLS.types.MasterPlaylist;
  const [lowest] = master.variants.filter(({ isIFrameOnly }) => isIFrameOnly).toReversed();
  const url = new URL(lowest?.uri ?? '', manifest);
  const playlist = HLS.parse(await (await fetch(url)).text()) as HLS.types.MediaPlaylist;
  expect(playlist).toMatchObject({ isIFrame: true, endlist: true });
  let start = 0;
  for (const { uri, byterange, map, duration } of playlist.segments) {
    const init = await bytesOf(new URL(map?.uri ?? '', url));
    const { offset, length } = byterange ?? { offset: 0, length: 0 };
    const range = `bytes=${offset}-${offset + length - 1}`;
    const picture = await bytesOf(new URL(uri, url), { range });
    expect(picture).toHaveLength(length);
    expect(await decodeFirst(Buffer.concat([init, picture]))).toBe(colourAt(start));
    start += duration;
  }
  expect(start).toBeCloseTo(SECONDS, 5);
});

describe('Shaka', () => {
  let other: Page;
  const ranges: string[] = [];

  beforeAll(async () => {
    other = await browser.newPage();
    await other.goto(await shakaSite());
    await other.addScriptTag({ path: createRequire(import.meta.url).resolve('shaka-player') });
    other.on('request', (request) => {
      const { range } = request.headers();
      if (range !== undefined && request.url().endsWith('.m4s')) ranges.push(range);
    });
    await other.evaluate(loadInPage, `${client.url}/${uid}/manifest/video.m3u8`);
  });

  test('runs through the I-frames when it plays fast', async () => {
    expect(ranges).toEqual([]);
    await other.evaluate(() => window.session.player.trickPlay(4));
    await expect.poll(() => ranges.length, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(ranges.every((range) => /^bytes=0-\d+$/.test(range))).toBe(true);
    await other.waitForFunction(
      (seconds) => (document.querySelector('video')?.currentTime ?? 0) > seconds,
      { timeout: 30_000 },
      SECONDS - 2,
    );
    expect(await other.evaluate(() => window.session.errors)).toEqual([]);
  });

  test('takes the storyboard as its thumbnails', async () => {
    const thumbnail = await other.evaluate(async (url) => {
      const { player } = window.session;
      const track = await player.addThumbnailsTrack(url, 'text/vtt');
      const found = await player.getThumbnails(track.id, 6.5);
      return found && { ...found, uris: found.uris, startTime: found.startTime };
    }, `${client.url}/${uid}/storyboard.vtt`);
    expect(thumbnail).toMatchObject({
      positionX: 960,
      positionY: 0,
      width: 160,
      height: 90,
      startTime: 6,
      uris: [expect.stringContaining(`${client.url}/${uid}/storyboard.jpg`)],
    });
  });
});

/** Runs in the page. */
async function loadInPage(manifestUrl: string): Promise<void> {
  const player = new window.shaka.Player();
  const errors: string[] = [];
  window.session = { player, errors };
  player.addEventListener('error', (event) => errors.push(JSON.stringify(event)));
  const video = document.querySelector('video');
  if (video === null) throw new Error('the page has no video element');
  // A short buffer: what is there already is played, however fast.
  player.configure({ streaming: { bufferingGoal: 3 } });
  await player.attach(video);
  await player.load(manifestUrl);
  await video.play();
}

async function bytesOf(url: URL, headers: Record<string, string> = {}): Promise<Buffer> {
  const response = await fetch(url, { headers });
  expect(response.status).toBe('range' in headers ? 206 : 200);
  return Buffer.from(await response.arrayBuffer());
}

/** The colour of the first picture of a file, decoded by the engine to a JPEG and read by the browser. */
async function decodeFirst(bytes: Buffer): Promise<string | undefined> {
  const source = join(folder, 'one.mp4');
  await writeFile(source, bytes);
  const jpeg = join(folder, 'one.jpg');
  const args = ['-y', '-i', `file:${SOURCE_PATH}`, '-frames:v', '1', '-q:v', '2', 'one.jpg'];
  await makeClip(engine, jpeg, args, source);
  return (await readImage(page, await readFile(jpeg))).frames[0];
}
