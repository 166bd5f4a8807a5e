import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ffmpeg, runOn, startEncoder } from './encoder-harness.ts';
import type { Encoder, Outcome } from './encoder-harness.ts';

let folder: string;
let clip: Buffer;
let faststart: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoder-bad-'));
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=30:d=6'];
  const sound = ['-f', 'lavfi', '-i', 'sine=d=6'];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac'];
  await ffmpeg(folder, ...picture, ...sound, ...codecs, 'clip.mp4');
  await ffmpeg(folder, '-i', 'clip.mp4', '-c', 'copy', '-movflags', '+faststart', 'fast.mp4');
  await ffmpeg(folder, '-i', 'clip.mp4', '-frames:v', '1', 'still.png');
  clip = await readFile(join(folder, 'clip.mp4'));
  faststart = await readFile(join(folder, 'fast.mp4'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function seededNoise(length: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length }, () => (state = (state * 48_271) % 2_147_483_647) % 256),
  );
}

describe.each(['native', 'wasm'] as const)('the %s engine', (choice) => {
  let encoder: Encoder;

  beforeAll(async () => {
    encoder = await startEncoder(folder, choice);
  });
  afterAll(() => encoder.close());

  async function probeFailure(source: Buffer, maxDurationSeconds = 3600): Promise<Outcome> {
    return (await runOn(encoder, source, { kind: 'probe', maxDurationSeconds })).last;
  }

  test.each<[string, () => Promise<Buffer>, string]>([
    ['one byte', async () => Buffer.from([0]), 'ERR_NON_VIDEO'],
    ['text', async () => Buffer.from('Dear diary, '.repeat(500)), 'ERR_NON_VIDEO'],
    ['random bytes', async () => seededNoise(50_000), 'ERR_NON_VIDEO'],
    ['a picture', () => readFile(join(folder, 'still.png')), 'ERR_NON_VIDEO'],
    ['HTML', async () => Buffer.from('<!doctype html><video src="x.mp4">'), 'ERR_NON_VIDEO'],
    [
      'an MP4 without its end',
      async () => clip.subarray(0, clip.length >> 1),
      'ERR_MALFORMED_VIDEO',
    ],
    [
      'half a faststart MP4',
      async () => faststart.subarray(0, faststart.length >> 1),
      'ERR_MALFORMED_VIDEO',
    ],
    [
      'a quarter of it',
      async () => faststart.subarray(0, faststart.length >> 2),
      'ERR_MALFORMED_VIDEO',
    ],
  ])('refuses %s for good', async (_name, source, code) => {
    const last = await probeFailure(await source());
    expect(last).toMatchObject({ type: 'failure', code, retryable: false });
    expect(last).toHaveProperty('message', expect.stringMatching(/^[A-Z].*\.$/));
    expect(JSON.stringify(last)).not.toContain(folder);
  });

  test('refuses what is too long or too short', async () => {
    expect(await probeFailure(clip, 5)).toHaveProperty('code', 'ERR_DURATION_EXCEED_CONSTRAINT');
    const blink = ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=30:d=0.05'];
    await ffmpeg(folder, ...blink, '-c:v', 'libx264', 'blink.mp4');
    const last = await probeFailure(await readFile(join(folder, 'blink.mp4')));
    expect(last).toHaveProperty('code', 'ERR_DURATION_TOO_SHORT');
  });

  test('never follows what a playlist names', async () => {
    let visits = 0;
    const target = createServer((_, response) => {
      visits++;
      response.end(clip);
    }).listen(0, '127.0.0.1');
    await once(target, 'listening');
    const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/x.ts`;
    await writeFile(join(folder, 'other.ts'), clip);
    const other = join(folder, 'other.ts');
    const head = '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n';
    for (const text of [
      `${head}${url}\n#EXT-X-ENDLIST\n`,
      `${head}file://${other}\n#EXT-X-ENDLIST\n`,
      `ffconcat version 1.0\nfile ${url}\n`,
      `ffconcat version 1.0\nfile ${other}\n`,
    ]) {
      expect(await probeFailure(Buffer.from(text))).toHaveProperty('code', 'ERR_NON_VIDEO');
    }
    expect(visits).toBe(0);
    target.close();
  });

  test('refuses a decoder that is not on the list', async () => {
    const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=30:d=1'];
    await ffmpeg(folder, ...picture, '-c:v', 'magicyuv', 'magic.avi');
    const last = await probeFailure(await readFile(join(folder, 'magic.avi')));
    expect(last).toMatchObject({ code: 'ERR_UNSUPPORTED', retryable: false });
  });

  test('passes over subtitles and a cover', async () => {
    await writeFile(join(folder, 'a.srt'), '1\n00:00:00,000 --> 00:00:02,000\nHello\n');
    const streams = ['-map', '0', '-map', '1', '-map', '2', '-c', 'copy', '-c:s', 'mov_text'];
    const cover = ['-c:v:1', 'png', '-disposition:v:1', 'attached_pic', 'extras.mp4'];
    await ffmpeg(folder, '-i', 'clip.mp4', '-i', 'a.srt', '-i', 'still.png', ...streams, ...cover);
    const last = await probeFailure(await readFile(join(folder, 'extras.mp4')));
    expect(last).toMatchObject({ result: { facts: { video: { packets: 180 } } } });
  });

  test('calls pictures that cannot be decoded damaged, not finished', async () => {
    const broken = Buffer.from(clip);
    const start = broken.indexOf('mdat') + 4;
    seededNoise(broken.indexOf('moov') - 4 - start).copy(broken, start);
    const last = await encodeFailure(broken, 180);
    expect(last).toMatchObject({ code: 'ERR_MALFORMED_VIDEO', retryable: false });
  });

  test('calls a video that ends before its plan damaged', async () => {
    expect(await encodeFailure(clip, 182)).toMatchObject({ type: 'result' });
    const last = await encodeFailure(clip, 190);
    // ffmpeg names no fault, so it is looked at once more.
    expect(last).toMatchObject({ code: 'ERR_MALFORMED_VIDEO', retryable: true, limited: true });
  });

  async function encodeFailure(source: Buffer, end: number): Promise<Outcome> {
    const facts = {
      codec: 'h264',
      width: 160,
      height: 90,
      rotation: 0,
      pixelFormat: 'yuv420p',
      frameRate: { numerator: 30, denominator: 1 },
      interlaced: false,
      hdr: false,
      durationSeconds: 6,
      startSeconds: 0,
      packets: 180,
    };
    const { last } = await runOn(encoder, source, {
      kind: 'video',
      facts,
      segments: [{ start: 120, end }],
      isLast: true,
      renditions: [{ name: 'p', width: 160, height: 90, maxBitrateBps: 500_000, level: 31 }],
    });
    return last;
  }
});
