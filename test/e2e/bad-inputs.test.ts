import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import { ApiClient } from '../../scripts/client.ts';
import { clipFile } from '../fixtures/clips.ts';
import { ADMIN_TOKEN } from './running-platform.ts';

const SETTLED_DEADLINE_MS = 60_000;
const client = new ApiClient(inject('platformUrl'), ADMIN_TOKEN);

let folder: string;
let canary: Server;
let canaryUrl = '';
let visits = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamgate-bad-'));
  canary = createServer((_, response) => {
    visits += 1;
    response.end('#EXTM3U\n');
  });
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', () => resolve()));
  const address = canary.address();
  canaryUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});

afterAll(async () => {
  canary.close();
  await rm(folder, { recursive: true, force: true });
});

async function aFile(name: string, content: Uint8Array | string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}

/** Answers the reason. */
async function expectRefusal(file: string, codes: readonly string[]): Promise<string> {
  const { uid, jobId } = await client.upload(file);
  const video = await client.untilSettled(uid, SETTLED_DEADLINE_MS);
  expect(video.status.state).toBe('error');
  expect(codes).toContain(video.status.errorReasonCode);
  expect(video.status.errorReasonText.length).toBeGreaterThan(20);
  expect(video.status.errorReasonText).not.toMatch(/\/tmp|\/home|\/root/);
  const manifest = await fetch(`${client.url}/${uid}/manifest/video.m3u8`);
  expect(manifest.status).toBe(424);
  const job = await client.json<{ state: string; reason: string }>(`/api/v1/jobs/${jobId}`);
  expect(job).toMatchObject({ state: 'error', reason: video.status.errorReasonText });
  return video.status.errorReasonText;
}

describe('bad inputs', () => {
  test('/ready says how far ffmpeg is shut in', async () => {
    type Readiness = { checks: { name: string; detail: string }[] };
    const { checks } = (await (await fetch(`${client.url}/ready`)).json()) as Readiness;
    const transcoder = checks.find(({ name }) => name === 'transcoder');
    expect(transcoder?.detail).toMatch(/, (?:sandbox|not sandboxed): \S/);
  });

  test('an empty file is refused before it is uploaded', async () => {
    const response = await client.send('/api/v1/uploads', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'empty.mp4', sizeBytes: 0 }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'request.invalid', pointer: '/sizeBytes' });
  });

  test('text', async () => {
    await expectRefusal(
      await aFile('text.mp4', 'This is no video, it only says so.\n'.repeat(100)),
      ['ERR_NON_VIDEO'],
    );
  });

  test('random bytes', async () => {
    await expectRefusal(await aFile('random.mp4', randomBytes(200_000)), [
      'ERR_NON_VIDEO',
      'ERR_MALFORMED_VIDEO',
    ]);
  });

  test('an MP4 without its index', async () => {
    const whole = await readFile(await clipFile(await chooseEngine('auto'), 'h264.mp4'));
    const half = await aFile('truncated.mp4', whole.subarray(0, whole.length / 2));
    const text = await expectRefusal(half, ['ERR_MALFORMED_VIDEO']);
    expect(text).toMatch(
      /^The file is cut short or damaged: .*\(Details: .*moov atom not found.*\)$/,
    );
  });

  test('playlists dressed as a video fetch nothing and read no other file', async () => {
    const secret = await aFile('secret.ts', randomBytes(1000));
    const playlist = (uri: string): string =>
      `#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n${uri}\n#EXT-X-ENDLIST\n`;
    await expectRefusal(await aFile('remote.mp4', playlist(`${canaryUrl}/a.ts`)), [
      'ERR_NON_VIDEO',
    ]);
    await expectRefusal(await aFile('local.mp4', playlist(`file://${secret}`)), ['ERR_NON_VIDEO']);
    await expectRefusal(await aFile('concat.mp4', `ffconcat version 1.0\nfile '${secret}'\n`), [
      'ERR_NON_VIDEO',
    ]);
    expect(visits).toBe(0);
  });
});
