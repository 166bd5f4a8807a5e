import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { launch } from 'puppeteer-core';
import type { Browser } from 'puppeteer-core';

const INSTALLED = [
  process.env['CHROME_PATH'] ?? '',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

// Not the package's own list of flags: it turns off web security, which would hide a missing CORS header.
const FLAGS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--autoplay-policy=no-user-gesture-required',
  '--mute-audio',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--font-render-hinting=none',
  // Several pages play at once: none of them is in the background.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

let unpacked: Promise<string> | undefined;

/** A headless Chromium that plays H.264 and AAC: the one inside `@sparticuz/chromium` on x86-64 Linux, an installed one elsewhere. */
export async function launchBrowser(): Promise<Browser> {
  if (process.platform === 'linux' && process.arch === 'x64') return launchBundled();
  const executablePath = INSTALLED.find((path) => path !== '' && existsSync(path));
  if (executablePath === undefined)
    throw new Error(
      'No Chrome or Chromium was found: install one, or put its path in CHROME_PATH, to run the browser tests.',
    );
  return launch({ executablePath, args: FLAGS, headless: true });
}

async function launchBundled(): Promise<Browser> {
  unpacked ??= unpackOnce();
  const folder = await unpacked;
  return launch({
    executablePath: join(folder, 'chromium'),
    args: FLAGS,
    headless: 'shell',
    env: {
      ...process.env,
      FONTCONFIG_PATH: join(folder, 'fonts'),
      LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'),
    },
  });
}

/** Unpacks beside and renames, so that several test processes may start at once. */
async function unpackOnce(): Promise<string> {
  const folder = join(tmpdir(), `streamgate-chromium-${await bundledVersion()}`);
  if (existsSync(folder)) return folder;
  const fresh = await mkdtemp(join(tmpdir(), 'streamgate-chromium-'));
  await unpackInto(fresh);
  await addFontFolder(join(fresh, 'fonts'), join(folder, 'fonts'));
  await rename(fresh, folder).catch(async (cause: unknown) => {
    await rm(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw cause;
  });
  return folder;
}

/**
 * The package unpacks into the temporary folder, and its shared libraries (al2023: nss, nspr, …)
 * only where it takes the machine for a Lambda. A bare Debian lacks those libraries too.
 */
async function unpackInto(folder: string): Promise<void> {
  const before = { ...process.env };
  process.env['AWS_LAMBDA_JS_RUNTIME'] = 'nodejs24.x';
  process.env['TMPDIR'] = folder;
  try {
    const { default: chromium } = await import('@sparticuz/chromium');
    await chromium.executablePath();
  } finally {
    for (const name of ['AWS_LAMBDA_JS_RUNTIME', 'TMPDIR', 'FONTCONFIG_PATH', 'LD_LIBRARY_PATH'])
      restore(name, before[name]);
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  if (value !== undefined) process.env[name] = value;
}

async function addFontFolder(from: string, fonts: string): Promise<void> {
  const file = join(from, 'fonts.conf');
  const config = await readFile(file, 'utf8');
  await writeFile(file, config.replace('</fontconfig>', `<dir>${fonts}</dir>\n</fontconfig>`));
}

async function bundledVersion(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const manifest = join(dirname(entry), '..', '..', 'package.json');
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  return version;
}
