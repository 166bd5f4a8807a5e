import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import { checkPlayback } from '../../scripts/check-playback.ts';
import { ApiClient } from '../../scripts/client.ts';
import { clipFile } from '../fixtures/clips.ts';
import { launchBrowser } from './browser.ts';
import { playToEnd } from './play-to-end.ts';
import { ADMIN_TOKEN } from './running-platform.ts';

const READY_DEADLINE_MS = 120_000;
const client = new ApiClient(inject('platformUrl'), ADMIN_TOKEN);

let browser: Browser;
let uid = '';

beforeAll(async () => {
  browser = await launchBrowser();
  ({ uid } = await client.upload(await clipFile(await chooseEngine('auto'), 'one-second.mp4')));
  await client.untilSettled(uid, READY_DEADLINE_MS);
  await client.editVideo(uid, { requireSignedURLs: true });
});

afterAll(() => browser?.close());

async function mediaUrls(id: string): Promise<string[]> {
  const master = `${client.url}/${id}/manifest/video.m3u8`;
  const text = await (await fetch(master)).text();
  const playlist = new URL(
    text.split('\n').find((line) => line.endsWith('playlist.m3u8')) ?? '',
    master,
  ).href;
  const lines = (await (await fetch(playlist)).text()).split('\n');
  const segment = new URL(lines.find((line) => line.endsWith('.m4s')) ?? '', playlist).href;
  return [master, playlist, new URL('init.mp4', playlist).href, segment];
}

describe('requireSignedURLs', () => {
  test('nothing plays by uid, everything plays by token', async () => {
    const token = await client.playbackToken(uid);
    const signed = await mediaUrls(token);
    for (const url of signed) expect((await fetch(url)).status).toBe(200);
    for (const url of signed.map((each) => each.replace(token, uid)))
      expect((await fetch(url)).status).toBe(401);
    const renditions = await checkPlayback(signed[0] ?? '', await chooseEngine('auto'));
    expect(renditions.length).toBeGreaterThan(1);
  });

  test('a real browser plays it by token and says what is wrong without', async () => {
    const token = await client.playbackToken(uid);
    const seen = await playToEnd(browser, `${client.url}/${token}/watch`);
    expect(seen).toMatchObject({ error: '' });
    const page = await browser.newPage();
    await page.goto(`${client.url}/${uid}/watch`);
    await page.waitForSelector('[data-state="error"]', { timeout: 15_000 });
    await page.close();
  });

  test('expiry acts on segments too', async () => {
    const token = await client.playbackToken(uid, { exp: Math.floor(Date.now() / 1000) + 3 });
    const urls = await mediaUrls(token);
    expect((await fetch(urls[3] ?? '')).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 4000));
    for (const url of urls) expect((await fetch(url)).status).toBe(401);
  });

  test('no other kind of token opens it, and a playback token opens no API', async () => {
    const { accessToken } = await client.json<{ accessToken: string }>('/api/v1/auth/token', {
      method: 'POST',
    });
    for (const id of [accessToken, ADMIN_TOKEN]) {
      expect(
        (await fetch(`${client.url}/${id}/manifest/video.m3u8`)).status,
      ).toBeGreaterThanOrEqual(401);
    }
    const stranger = new ApiClient(client.url, await client.playbackToken(uid));
    expect((await stranger.send('/api/v1/jobs')).status).toBe(401);
    expect((await new ApiClient(client.url, accessToken).send('/api/v1/jobs')).status).toBe(200);
  });

  test('allowedOrigins act on manifests and segments', async () => {
    await client.editVideo(uid, { allowedOrigins: ['player.example.com'] });
    const token = await client.playbackToken(uid);
    const origin = { headers: { origin: 'https://player.example.com' } };
    const master = `${client.url}/${token}/manifest/video.m3u8`;
    await expect.poll(async () => (await fetch(master)).status, { timeout: 12_000 }).toBe(403);
    const allowed = await fetch(master, origin);
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://player.example.com');
    const text = await allowed.text();
    const playlist = new URL(
      text.split('\n').find((line) => line.endsWith('playlist.m3u8')) ?? '',
      master,
    ).href;
    expect((await fetch(new URL('0.m4s', playlist).href)).status).toBe(403);
    expect((await fetch(new URL('0.m4s', playlist).href, origin)).status).toBe(200);
  });
});
