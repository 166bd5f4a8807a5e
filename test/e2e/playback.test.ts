import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import type { EncoderEngine } from '../../containers/transcoder/engine.ts';
import { checkPlayback } from '../../scripts/check-playback.ts';
import type { CheckedRendition } from '../../scripts/check-playback.ts';
import { ApiClient } from '../../scripts/client.ts';
import { CLIPS, clipFile } from '../fixtures/clips.ts';
import type { Clip } from '../fixtures/clips.ts';
import { launchBrowser } from './browser.ts';
import { playToEnd } from './play-to-end.ts';
import { ADMIN_TOKEN } from './running-platform.ts';

const AAC_FRAMES_PER_SECOND = 48_000 / 1024;
const READY_DEADLINE_MS = 240_000;
/** Decoded frames that a browser may leave out under load. */
const MOST_FRAMES = 0.95;
const PLAYED = CLIPS.filter(({ name }) => name !== 'long.mp4');

interface Transcoded {
  readonly uid: string;
  readonly pictures: readonly CheckedRendition[];
}

const transcoded = new Map<string, Transcoded>();
const client = new ApiClient(inject('platformUrl'), ADMIN_TOKEN);
let engine: EncoderEngine;
let browser: Browser;

beforeAll(async () => {
  engine = await chooseEngine('auto');
  browser = await launchBrowser();
});

afterAll(() => browser?.close());

describe('upload → transcode', () => {
  test.each(PLAYED)('$name', async (clip: Clip) => {
    const { uid } = await client.upload(await clipFile(engine, clip.name));
    const video = await client.untilSettled(uid, READY_DEADLINE_MS);
    expect(video.status).toMatchObject({ state: 'ready', errorReasonText: '' });
    expect(Math.abs(video.duration - clip.seconds)).toBeLessThan(0.2);

    const renditions = await checkPlayback(video.playback.hls, engine);
    const pictures = renditions.filter(({ codecs }) => codecs.includes('avc1'));
    const sounds = renditions.filter(({ codecs }) => !codecs.includes('avc1'));
    transcoded.set(clip.name, { uid, pictures });
    expect(sounds).toHaveLength(clip.hasAudio ? 1 : 0);
    for (const picture of pictures) {
      expect(picture).toMatchObject({ frames: clip.frames, frameRate: clip.frameRate });
    }
    if (clip.size) expect(pictures[0]?.resolution).toBe(clip.size.join('x'));
    for (const sound of sounds)
      expect(Math.abs(sound.frames - clip.seconds * AAC_FRAMES_PER_SECOND)).toBeLessThan(4);
  });
});

describe.concurrent('playback in a real browser, each rendition forced in turn', () => {
  test.each(PLAYED)('$name', async (clip: Clip) => {
    const { uid, pictures } = transcoded.get(clip.name) ?? { uid: '', pictures: [] };
    const forced = pictures.map(({ name }) => `?rendition=${name}`);
    for (const [index, query] of (forced.length > 0 ? forced : ['']).entries()) {
      const seen = await playToEnd(browser, `${client.url}/${uid}/watch${query}`);
      expect(seen.error).toBe('');
      expect(seen.currentTime).toBeGreaterThan(clip.seconds - 0.3);
      if (clip.size) expect(seen.height).toBe(Number(pictures[index]?.resolution?.split('x')[1]));
      if (clip.frames) expect(seen.frames).toBeGreaterThanOrEqual(clip.frames * MOST_FRAMES);
    }
  });
});
