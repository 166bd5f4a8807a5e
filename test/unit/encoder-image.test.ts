import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { ImageTask } from '../../src/contracts/image-task.ts';
import { ffmpeg, SECRET, startEncoder } from './encoder-harness.ts';
import type { Encoder } from './encoder-harness.ts';
import { averageColour } from './average-colour.ts';

let folder: string;
let segments: Buffer;

/** Four seconds at 25 a second: red, green, blue, white. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoder-image-'));
  const colours = ['red', 'lime', 'blue', 'white'].flatMap((colour) => [
    '-f',
    'lavfi',
    '-i',
    `color=${colour}:s=320x180:r=25:d=1`,
  ]);
  const join4 = ['-filter_complex', '[0][1][2][3]concat=n=4,format=yuv420p[v]', '-map', '[v]'];
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '200'];
  const flags = ['-movflags', '+cmaf+empty_moov+frag_keyframe+negative_cts_offsets'];
  await ffmpeg(folder, ...colours, ...join4, ...codec, ...flags, 'segments.mp4');
  segments = await readFile(join(folder, 'segments.mp4'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const JPEG: ImageTask = { format: 'jpg', firstFrame: 0, width: 160, height: 90, fit: 'scale' };

describe.each(['native', 'wasm'] as const)('POST /images with the %s engine', (choice) => {
  let root: string;
  let encoder: Encoder;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'encoder-root-'));
    encoder = await startEncoder(root, choice);
  });
  afterEach(async () => {
    await encoder.close();
    expect(await readdir(root)).toEqual([]);
    await rm(root, { recursive: true, force: true });
  });

  function post(
    task: unknown,
    body: Buffer = segments,
    secret = SECRET,
    signal?: AbortSignal,
  ): Promise<Response> {
    return fetch(`${encoder.url}/images`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'x-image-task': JSON.stringify(task) },
      body: new Uint8Array(body),
      ...(signal !== undefined && { signal }),
    });
  }

  async function imageOf(task: ImageTask): Promise<string> {
    const response = await post(task);
    expect(response.status, task.format).toBe(200);
    const file = join(folder, `${choice}.${task.format}`);
    await writeFile(file, Buffer.from(await response.arrayBuffer()));
    return file;
  }

  test.each([
    [0, 'red'],
    [24, 'red'],
    [25, 'lime'],
    [74, 'blue'],
    [99, 'white'],
  ])('frame %d is %s', async (firstFrame, colour) => {
    expect(await averageColour(await imageOf({ ...JPEG, firstFrame }))).toBe(colour);
  });

  test.each([
    ['scale', 101, 57],
    ['crop', 99, 99],
    ['fill', 120, 121],
  ] as const)('%s gives exactly the size', async (fit, width, height) => {
    const file = await imageOf({ ...JPEG, fit, width, height });
    expect(await probeImage(file)).toEqual({ codec: 'mjpeg', width, height, frames: 1 });
  });

  test('bars are black', async () => {
    const file = await imageOf({ ...JPEG, fit: 'fill', width: 90, height: 160 });
    expect(await averageColour(file, 'crop=90:40:0:0')).toBe('black');
    expect(await averageColour(file, 'crop=60:20:15:70')).toBe('red');
  });

  test('an animation has its frames, its length and the right pictures', async () => {
    const gif: ImageTask = { ...JPEG, format: 'gif', firstFrame: 25, frames: 50, fps: 5 };
    const file = await imageOf(gif);
    expect(await probeImage(file)).toEqual({ codec: 'gif', width: 160, height: 90, frames: 10 });
    expect(await averageColour(file, "select='eq(n,0)'")).toBe('lime');
    expect(await averageColour(file, "select='eq(n,9)'")).toBe('blue');
  });

  test('refuses what it cannot do, and says why', async () => {
    expect((await post(JPEG, segments, 'wrong')).status).toBe(401);
    const odd = await post({ ...JPEG, width: 5000 });
    expect(odd.status).toBe(400);
    expect(await odd.text()).toContain('width');
    expect((await post({ ...JPEG, firstFrame: 100 })).status).toBe(422);
    expect((await post(JPEG, Buffer.from('no video'))).status).toBe(422);
  });

  test('ends the work of a request that is closed, and all work when it stops', async () => {
    const gif: ImageTask = {
      ...JPEG,
      format: 'gif',
      frames: 100,
      fps: 15,
      width: 640,
      height: 360,
    };
    const closed = new AbortController();
    const given = post(gif, segments, SECRET, closed.signal);
    const others = [post(gif), post({ ...gif, fps: 14 })];
    closed.abort();
    await expect(given).rejects.toThrow('abort');
    await encoder.images.stop();
    // Whatever was not ready before is handed back; afterEach sees that no folder is left.
    for (const response of await Promise.all(others)) expect([200, 503]).toContain(response.status);
    expect((await post(JPEG)).status).toBe(503);
  });

  test('makes many at once, a few at a time', async () => {
    const tasks = Array.from({ length: choice === 'native' ? 12 : 4 }, (_, firstFrame) =>
      post({ ...JPEG, firstFrame }),
    );
    for (const response of await Promise.all(tasks)) expect(response.status).toBe(200);
  });
});

async function probeImage(file: string): Promise<unknown> {
  const entries = 'stream=codec_name,width,height,nb_read_frames';
  const args = ['-v', 'error', '-count_frames', '-of', 'json', '-show_entries', entries, file];
  const { stdout } = await promisify(execFile)('ffprobe', args);
  const { streams } = JSON.parse(stdout) as {
    streams: { codec_name: string; width: number; height: number; nb_read_frames: string }[];
  };
  const [stream] = streams;
  return {
    codec: stream?.codec_name,
    width: stream?.width,
    height: stream?.height,
    frames: Number(stream?.nb_read_frames),
  };
}
