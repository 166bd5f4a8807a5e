import { randomFillSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, ElementHandle, HTTPRequest, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { ApiClient } from '../../scripts/client.ts';
import { launchBrowser } from './browser.ts';
import { ADMIN_TOKEN } from './running-platform.ts';

const client = new ApiClient(inject('platformUrl'), ADMIN_TOKEN);

let browser: Browser;
let folder: string;

beforeAll(async () => {
  browser = await launchBrowser();
  folder = await mkdtemp(join(tmpdir(), 'streamgate-cancel-'));
});

afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

interface HeldDashboard {
  readonly page: Page;
  /** The first POST to that path; it waits for its `continue`. */
  readonly held: Promise<HTTPRequest>;
}

async function openDashboard(heldPath: RegExp): Promise<HeldDashboard> {
  const page = await browser.newPage();
  await page.setRequestInterception(true);
  const held = new Promise<HTTPRequest>((resolve) => {
    page.on('request', (request) => {
      const isHeld = request.method() === 'POST' && heldPath.test(new URL(request.url()).pathname);
      if (isHeld) resolve(request);
      else void request.continue();
    });
  });
  await page.goto(client.url);
  await page.type('#token', ADMIN_TOKEN);
  await page.click('#sign-in-button');
  await page.waitForSelector('#page[data-signed-in="true"]');
  return { page, held };
}

async function chooseFile(page: Page, name: string): Promise<void> {
  const file = join(folder, name);
  await writeFile(file, randomFillSync(Buffer.alloc(1000)));
  const input = (await page.waitForSelector('#files')) as ElementHandle<HTMLInputElement> | null;
  await input?.uploadFile(file);
}

async function statesOf(name: string): Promise<string[]> {
  const { uploads } = await client.json<{ uploads: { id: string }[] }>('/api/v1/uploads');
  const described = await Promise.all(
    uploads.map(({ id }) => client.json<{ name: string; state: string }>(`/api/v1/uploads/${id}`)),
  );
  return described.filter((upload) => upload.name === name).map(({ state }) => state);
}

/** The card says that nothing is left. */
async function untilNothingIsKept(page: Page): Promise<void> {
  await page.waitForFunction(
    () => document.querySelector('.work-words')?.textContent === 'Cancelled. Nothing was kept.',
  );
}

describe('the dashboard’s cancel', () => {
  test('takes back an upload that began only after the press', async () => {
    const { page, held } = await openDashboard(/^\/api\/v1\/uploads$/);
    await chooseFile(page, 'early.mp4');
    const creation = await held;
    await page.click('.work [aria-label="Cancel the upload"]');
    await creation.continue();
    await untilNothingIsKept(page);
    expect(await statesOf('early.mp4')).toEqual(['aborted']);
    await page.close();
  });

  test('takes back the video of an upload that had been completed meanwhile', async () => {
    const { page, held } = await openDashboard(/\/complete$/);
    await chooseFile(page, 'late.mp4');
    const completion = await held;
    const [, id = ''] = /uploads\/([^/]+)/.exec(completion.url()) ?? [];
    const { uid } = await client.postJson<{ uid: string }>(`/api/v1/uploads/${id}/complete`, {});
    await page.click('.work [aria-label="Cancel the upload"]');
    await completion.continue();
    await untilNothingIsKept(page);
    const response = await client.send(`/client/v4/accounts/default/stream/${uid}`);
    expect(response.status).toBe(404);
    await page.close();
  });
});
