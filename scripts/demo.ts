import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';

import { chooseEngine } from '../containers/transcoder/choose-engine.ts';
import { checkPlayback } from './check-playback.ts';
import type { CheckedRendition } from './check-playback.ts';
import { ApiClient } from './client.ts';
import { readCommandLine, readPort } from './command-line.ts';
import { makeClip, sampleClipArguments } from './make-clip.ts';
import { startPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { createProgressBar } from './progress-bar.ts';

const HELP = `Usage: npm run demo -- [file] [options]

Starts the platform, uploads a video by parts, waits until it is transcoded, fetches every playlist and segment
as a player would, decodes each rendition, prints the watch address and keeps serving.

  file              a video of yours (default: a sample clip is made)
  --once            stop after the check; exit code 0 when everything worked, 1 when not
  --json            print one JSON object {uid, hls, watch, renditions, seconds} instead of text
  --port N          port of the platform (default 8787)
  --persist-to DIR  folder that keeps everything between runs (default .streamgate/demo)
  --help            this text`;

const SAMPLE_SECONDS = 20;
const DEADLINE_MS = 6 * 3600 * 1000;

const { values, positionals } = readCommandLine({
  allowPositionals: true,
  options: {
    once: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    port: { type: 'string', default: '8787' },
    'persist-to': { type: 'string', default: '.streamgate/demo' },
    help: { type: 'boolean', default: false },
  },
});
const say = (text: string): void => {
  if (!values.json) console.log(text);
};

interface DemoResult {
  readonly uid: string;
  readonly hls: string;
  readonly watch: string;
  readonly renditions: readonly CheckedRendition[];
  readonly seconds: { readonly upload: number; readonly ready: number; readonly total: number };
}

if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const port = readPort(values.port);
let platform: Platform | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave(0));
try {
  const persistTo = resolve(values['persist-to']);
  const file = await chooseFile(persistTo);
  say('Starting StreamGate …');
  const adminToken =
    process.env['STREAMGATE_ADMIN_TOKEN'] ?? `sg_${randomBytes(32).toString('base64url')}`;
  platform = await startPlatform({ port, persistTo, adminToken });
  const result = await runDemo(platform, file, adminToken);
  report(result);
  if (values.once) await leave(0);
  say(
    `\n  Watch it      ${result.watch}\n  All videos    ${platform.url}/  (token: ${adminToken})\n\nCtrl-C stops the platform.`,
  );
  console.error(await platform.crashed);
  await leave(1);
} catch (error) {
  console.error(`The demo did not work: ${error instanceof Error ? error.message : String(error)}`);
  if (platform) console.error(`The log is in ${platform.logFile}`);
  await leave(1);
}

async function chooseFile(persistTo: string): Promise<string> {
  const [given] = positionals;
  if (given !== undefined) {
    if (!existsSync(given)) throw new Error(`there is no file "${given}"`);
    if (!statSync(given).isFile()) throw new Error(`"${given}" is a folder; name a video file`);
    return resolve(given);
  }
  await mkdir(persistTo, { recursive: true });
  const file = join(persistTo, 'sample.mp4');
  if (!existsSync(file)) {
    say('Making a sample clip …');
    await makeClip(await chooseEngine('auto'), file, sampleClipArguments(SAMPLE_SECONDS));
  }
  return file;
}

async function runDemo(running: Platform, file: string, token: string): Promise<DemoResult> {
  const client = new ApiClient(running.url, token);
  const startedAt = Date.now();
  const uploadBar = createProgressBar('Upload', say);
  const { uid } = await client.upload(file, (share) => uploadBar.update(share));
  uploadBar.done();
  const uploadedAt = Date.now();
  const encodeBar = createProgressBar('Transcode', say);
  const video = await client.untilSettled(uid, DEADLINE_MS, ({ status }) =>
    encodeBar.update(Number(status.pctComplete) / 100),
  );
  if (video.status.state !== 'ready') {
    throw new Error(`${video.status.errorReasonText} (${video.status.errorReasonCode})`);
  }
  encodeBar.done();
  const readyAt = Date.now();
  say('Checking every playlist and segment …');
  const renditions = await checkPlayback(video.playback.hls, await chooseEngine('auto'));
  const seconds = (from: number, to: number): number => Math.round((to - from) / 10) / 100;
  return {
    uid,
    hls: video.playback.hls,
    watch: video.preview,
    renditions,
    seconds: {
      upload: seconds(startedAt, uploadedAt),
      ready: seconds(uploadedAt, readyAt),
      total: seconds(startedAt, Date.now()),
    },
  };
}

function report(result: DemoResult): void {
  if (values.json) {
    console.log(JSON.stringify(result));
    return;
  }
  console.log('');
  for (const rendition of result.renditions) {
    const { name, resolution = '', codecs, segments, seconds, frames, bytes } = rendition;
    const megabytes = (bytes / 1_000_000).toFixed(2);
    console.log(
      `  ✓ ${name.padEnd(6)} ${resolution.padEnd(10)} ${codecs.padEnd(24)} ${segments} segments, ${seconds.toFixed(2)} s, ${frames} frames decoded, ${megabytes} MB`,
    );
  }
  const { upload, ready, total } = result.seconds;
  console.log(`\n  Uploaded in ${upload} s, ready ${ready} s later, checked after ${total} s.`);
}

async function leave(code: number): Promise<void> {
  await platform?.stop();
  process.exit(code);
}
