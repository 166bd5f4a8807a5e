import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chooseEngine } from '../containers/transcoder/choose-engine.ts';
import { launchBrowser } from '../test/e2e/browser.ts';
import { ApiClient } from './client.ts';
import { PROJECT } from './local-state.ts';
import { makeClip, sampleClipArguments } from './make-clip.ts';
import { startPlatform } from './platform.ts';

const TOKEN = 'screenshot-admin-token-0123456789abcdef0123';
const PORT = 8795;
const VIEW = { width: 1280, height: 900, deviceScaleFactor: 1 };

/** Takes the pictures of the README from a running platform: one video ready, one in the making. */
const folder = await mkdtemp(join(tmpdir(), 'streamgate-screenshot-'));
const platform = await startPlatform({ port: PORT, persistTo: folder, adminToken: TOKEN });
const browser = await launchBrowser();
try {
  const engine = await chooseEngine('auto');
  const client = new ApiClient(platform.url, TOKEN);
  const ready = join(folder, 'harbour at dawn.mp4');
  await makeClip(engine, ready, sampleClipArguments(12));
  const { uid } = await client.upload(ready);
  await client.untilSettled(uid, 120_000);
  const running = join(folder, 'city walk.mp4');
  await makeClip(engine, running, sampleClipArguments(150));

  const page = await browser.newPage();
  await page.setViewport(VIEW);
  await page.goto(platform.url);
  await page.type('#token', TOKEN);
  await page.click('#sign-in-button');
  await page.waitForSelector('#page[data-signed-in="true"]');
  const input = await page.waitForSelector('#files');
  await (input as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(running);
  await page.waitForSelector('.work[data-state="transcoding"] .strip-block[data-state="done"]', {
    timeout: 120_000,
  });
  await page.screenshot({ path: join(PROJECT, 'docs/images/dashboard.png') });

  await page.goto(`${platform.url}/${uid}/watch?muted`);
  await page.waitForSelector('#player[data-state="ready"]');
  await page.screenshot({ path: join(PROJECT, 'docs/images/watch.png') });
} finally {
  await browser.close();
  await platform.stop();
  await rm(folder, { recursive: true, force: true });
}
