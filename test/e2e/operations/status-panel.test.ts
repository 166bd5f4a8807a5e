import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { freePort } from '../../../scripts/ports.ts';
import { SERVICE_NAMES } from '../../../src/contracts/services.ts';
import { launchBrowser } from '../browser.ts';
import { ADMIN_TOKEN, RunningPlatform } from '../running-platform.ts';

const COUNTED_WITHIN_MS = 60_000;

let browser: Browser;
let folder: string;
let platform: RunningPlatform;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamgate-status-'));
  platform = new RunningPlatform(folder, await freePort());
  await platform.start();
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
  await platform.stop();
  await rm(folder, { recursive: true, force: true });
});

async function signIn(width: number): Promise<Page> {
  const page = await browser.newPage();
  await page.setViewport({ width, height: 844 });
  await page.goto(platform.url);
  await page.type('#token', ADMIN_TOKEN);
  await page.click('#sign-in-button');
  await page.waitForSelector('#page[data-signed-in="true"]');
  return page;
}

/** Scripts that the page has fetched. */
function scriptsOf(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map(({ name }) => name)
      .filter((name) => name.endsWith('.js')),
  );
}

async function readMetric(series: string): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const text = await (await fetch(`${platform.url}/metrics`, { headers })).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

describe('the status page', () => {
  test('is opened by the keyboard, fetched only then, and names every service', async () => {
    const page = await signIn(1280);
    const before = await scriptsOf(page);
    await page.focus('#status-link');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.tile');
    expect((await scriptsOf(page)).length).toBeGreaterThan(before.length);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('status-title');
    const services = await page.$$eval('.service strong', (names) =>
      names.map(({ textContent }) => textContent),
    );
    expect(services).toEqual([...SERVICE_NAMES]);
    const charts = await page.$$eval('.chart canvas', (canvases) =>
      canvases.map((canvas) => canvas.getAttribute('aria-label') ?? ''),
    );
    expect(charts).toHaveLength(8);
    for (const label of charts) expect(label).toContain('last 24 hours');
    await page.click('#status-link');
    await page.waitForSelector('#drop', { visible: true });
    await page.close();
  });

  test('fits a phone without scrolling sideways, in the dark too', async () => {
    const page = await signIn(390);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await page.click('#status-link');
    await page.waitForSelector('.tile');
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
    await page.close();
  });
});

test('/metrics hears of requests that another isolate may have answered', async () => {
  const series = 'streamgate_errors_total{code="auth.required"}';
  const before = await readMetric(series);
  for (let each = 0; each < 3; each += 1) await fetch(`${platform.url}/api/v1/uploads`);
  const deadline = Date.now() + COUNTED_WITHIN_MS;
  while ((await readMetric(series)) < before + 3) {
    if (Date.now() > deadline) throw new Error('what was counted did not arrive');
    await sleep(1000);
  }
});
