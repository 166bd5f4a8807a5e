import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import { ApiClient } from '../../scripts/client.ts';
import { makeClip } from '../../scripts/make-clip.ts';
import { launchBrowser } from './browser.ts';
import { ADMIN_TOKEN } from './running-platform.ts';

const MENU = 'select[aria-label="Audio track"]';
const READY_DEADLINE_MS = 240_000;
const CLIP = [
  ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=8', '-f', 'lavfi', '-i', 'sine=300:d=8'],
  ['-f', 'lavfi', '-i', 'sine=900:d=8', '-map', '0', '-map', '1', '-map', '2'],
  ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
  ['-metadata:s:a:0', 'language=eng', '-metadata:s:a:1', 'language=deu', 'two.mp4'],
].flat();

let folder: string;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamgate-tracks-'));
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

test('two audio tracks: both are offered by their language, and choosing one plays it', async () => {
  const file = join(folder, 'two.mp4');
  await makeClip(await chooseEngine('auto'), file, CLIP);
  const client = new ApiClient(inject('platformUrl'), ADMIN_TOKEN);
  const { uid } = await client.upload(file);
  expect((await client.untilSettled(uid, READY_DEADLINE_MS)).status.state).toBe('ready');

  const page = await browser.newPage();
  const heard = new Set<string>();
  page.on('requestfinished', (request) => {
    const name = /\/(audio\d*)\/\d+\.m4s$/.exec(request.url())?.[1];
    if (name !== undefined) heard.add(name);
  });
  await page.goto(`${inject('platformUrl')}/${uid}/watch?muted`);
  await page.waitForSelector('#player[data-state="ready"]');
  const names = await page.$$eval(`${MENU} option`, (options) => options.map(({ text }) => text));
  expect(names).toEqual(['English', 'German']);
  expect([...heard]).toEqual(['audio']);
  await page.select(MENU, '1');
  await page.evaluate(() => document.querySelector('video')?.play());
  await page.waitForFunction(() => document.querySelector('video')?.ended, { timeout: 60_000 });
  expect([...heard]).toEqual(['audio', 'audio2']);
  expect(await page.$('[data-state="error"]')).toBeNull();
});
