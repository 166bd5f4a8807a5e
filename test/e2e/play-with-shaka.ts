import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';

import type { HTTPResponse, Page } from 'puppeteer-core';
import type shaka from 'shaka-player';

const LIBRARY = createRequire(import.meta.url).resolve('shaka-player');
const PLAY_DEADLINE_MS = 120_000;
/** Everything stays in the buffer, so that the gaps in it can be seen. */
const BUFFER_SECONDS = 3600;

declare global {
  interface Window {
    shaka: typeof shaka;
    session: { readonly player: shaka.Player; readonly errors: string[] };
  }
}

export interface ShakaOptions {
  /** Seconds to jump to after the end, to play from there to the end again. */
  readonly seekTo?: number;
  /** Speed; 1 unless told. */
  readonly rate?: number;
}

interface ShakaTrack {
  readonly language: string;
  readonly label: string | null;
  readonly codecs: string | null;
  readonly channels: number | null;
}

export interface BufferedRange {
  readonly start: number;
  readonly end: number;
}

/** What Shaka did and what the media element showed. */
export interface ShakaSeen {
  readonly duration: number;
  readonly currentTime: number;
  /** Frames decoded from the start to the first end; a busy machine may not have shown all of them. */
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly video: readonly BufferedRange[];
  readonly audio: readonly BufferedRange[];
  readonly audioTracks: readonly ShakaTrack[];
  /** Everything that Shaka or the media element complained about, recovered or not, and every refused request. */
  readonly errors: readonly string[];
}

/** Plays a manifest (HLS or DASH) in the page from start to end, in the highest rendition, and says what was seen. */
export async function playWithShaka(
  page: Page,
  manifestUrl: string,
  { seekTo, rate = 1 }: ShakaOptions = {},
): Promise<ShakaSeen> {
  const refused: string[] = [];
  const onResponse = (response: HTTPResponse): void => {
    if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
  };
  await page.goto(await shakaSite());
  await page.addScriptTag({ path: LIBRARY });
  page.on('response', onResponse);
  try {
    await page.evaluate(load, manifestUrl, BUFFER_SECONDS);
    const start = await playOn(page, rate);
    const isGoingOn = seekTo !== undefined && start.errors.length === 0;
    const { currentTime, errors } = isGoingOn ? await playFrom(page, seekTo, rate) : start;
    return { ...start, currentTime, errors: [...errors, ...refused] };
  } finally {
    page.off('response', onResponse);
  }
}

let site: Promise<string> | undefined;

/** The origin of the page with the player: another one than the platform's, so that CORS is part of what is tested. */
export async function shakaSite(): Promise<string> {
  site ??= startSite();
  return site;
}

/** An empty page. It ends with the process. */
async function startSite(): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><link rel="icon" href="data:,"><video></video>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function playFrom(page: Page, seconds: number, rate: number): Promise<ShakaSeen> {
  await page.evaluate(seek, seconds);
  return playOn(page, rate);
}

async function playOn(page: Page, rate: number): Promise<ShakaSeen> {
  await page.evaluate(play, rate);
  const over = page.waitForFunction(isOver, { timeout: PLAY_DEADLINE_MS });
  // What was seen until then says more than that it took too long.
  await over.catch(() => undefined);
  return page.evaluate(look);
}

// What follows runs in the page.

async function load(manifestUrl: string, bufferSeconds: number): Promise<void> {
  const errors: string[] = [];
  const video = document.querySelector('video');
  const player = new window.shaka.Player();
  window.session = { player, errors };
  player.addEventListener('error', (event: Event & { detail?: shaka.util.Error }) => {
    errors.push(`Shaka: ${event.detail?.message ?? event.type}`);
  });
  player.configure({
    abr: { enabled: false, useNetworkInformation: false, defaultBandwidthEstimate: 1e9 },
    streaming: { bufferingGoal: bufferSeconds, bufferBehind: bufferSeconds },
  });
  try {
    if (video !== null) await player.attach(video);
    await player.load(manifestUrl);
  } catch (error) {
    errors.push(`load: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function play(rate: number): void {
  const video = document.querySelector('video');
  if (video === null) return;
  video.playbackRate = rate;
  video.play().catch((error: unknown) => window.session.errors.push(`play: ${String(error)}`));
}

async function seek(seconds: number): Promise<void> {
  const video = document.querySelector('video');
  if (video === null) return;
  const arrived = new Promise((resolve) =>
    video.addEventListener('seeked', resolve, { once: true }),
  );
  video.currentTime = seconds;
  await arrived;
}

function isOver(): boolean {
  const video = document.querySelector('video');
  return window.session.errors.length > 0 || video === null || video.ended;
}

function look(): ShakaSeen {
  const { player, errors } = window.session;
  const video = document.querySelector('video');
  const { video: pictures, audio } = player.getBufferedInfo();
  if (video?.error) errors.push(`media: ${video.error.message}`);
  if (video?.ended === false && errors.length === 0) errors.push('it did not come to its end');
  return {
    duration: video?.duration ?? 0,
    currentTime: video?.currentTime ?? 0,
    frames: video?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
    width: video?.videoWidth ?? 0,
    height: video?.videoHeight ?? 0,
    video: pictures.map(({ start, end }) => ({ start, end })),
    audio: audio.map(({ start, end }) => ({ start, end })),
    audioTracks: player.getAudioTracks().map(({ language, label, codecs, channelsCount }) => ({
      language,
      label,
      codecs,
      channels: channelsCount,
    })),
    errors,
  };
}
