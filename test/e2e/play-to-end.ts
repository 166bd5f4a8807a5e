import type { Browser } from 'puppeteer-core';

const LOAD_DEADLINE_MS = 20_000;
const PLAY_DEADLINE_MS = 120_000;

export interface Seen {
  readonly currentTime: number;
  /** Frames that were decoded; a busy machine may not have shown all of them. */
  readonly frames: number;
  readonly height: number;
  /** What the video element or hls.js complained about. */
  readonly error: string;
}

/** Opens a watch page, plays it to the end at normal speed, and says what the browser saw. */
export async function playToEnd(browser: Browser, url: string): Promise<Seen> {
  const page = await browser.newPage();
  try {
    await page.goto(url, { waitUntil: 'domcontentloaded' });
    await page.waitForFunction(
      () =>
        ['ready', 'error'].includes(
          document.querySelector('[data-state]')?.getAttribute('data-state') ?? '',
        ),
      { timeout: LOAD_DEADLINE_MS },
    );
    await page.evaluate(() => void document.querySelector('video')?.play());
    await page.waitForFunction(
      () => {
        const video = document.querySelector('video');
        const failed = document.querySelector('[data-state="error"]') !== null;
        return failed || video === null || video.ended || video.error !== null;
      },
      { timeout: PLAY_DEADLINE_MS },
    );
    return await page.evaluate(() => {
      const video = document.querySelector('video');
      const state = document.querySelector('[data-state]');
      const quality = video?.getVideoPlaybackQuality();
      return {
        currentTime: video?.currentTime ?? 0,
        frames: quality?.totalVideoFrames ?? 0,
        height: video?.videoHeight ?? 0,
        error:
          video?.error?.message ??
          (state?.getAttribute('data-state') === 'error' ? (state.textContent ?? 'error') : ''),
      };
    });
  } finally {
    await page.close();
  }
}
