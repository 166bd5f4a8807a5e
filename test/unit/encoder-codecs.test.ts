import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { STANDARD_PROFILE } from '../../src/contracts/profile.ts';
import { readInit } from '../../src/media/codec-string.ts';
import { frameTicks } from '../../src/media/ffmpeg-arguments.ts';
import { readFragmentHeader } from '../../src/media/fmp4-fragment.ts';
import { planTasks } from '../../workers/transcoder/plan-tasks.ts';
import {
  encode,
  ffmpeg,
  numbered,
  probe,
  readNumbers,
  saveJoined,
  startEncoder,
} from './encoder-harness.ts';
import type { Encoder } from './encoder-harness.ts';

let folder: string;
let encoder: Encoder;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoder-codecs-'));
  // With more than one thread SVT-AV1 takes the most address space.
  encoder = await startEncoder(folder, 'native', 2);
});
afterAll(async () => {
  await encoder.close();
  await rm(folder, { recursive: true, force: true });
});

test.each([
  ['hevc', /^hvc1\.1\.6\.L\d+(\.[0-9A-F]{1,2})*$/],
  ['av1', /^av01\.0\.\d\dM\.08$/],
] as const)(
  '%s tasks join: one init, every frame once, key frames where segments begin',
  async (codec, codecs) => {
    const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '90'];
    await ffmpeg(folder, '-f', 'lavfi', '-i', numbered('30', 13), ...x264, 'source.mp4');
    const source = await readFile(join(folder, 'source.mp4'));
    const facts = await probe(encoder, source);
    expect(encoder.engine.encoders).toContain(codec);
    const settings = { ...STANDARD_PROFILE.settings, codecs: ['h264' as const, codec] };
    const tasks = planTasks(facts, settings, encoder.engine.encoders).filter(({ id }) =>
      id.startsWith(codec),
    );
    expect(tasks.length).toBeGreaterThan(1);
    const outputs = [];
    for (const { spec } of tasks) outputs.push((await encode(encoder, source, spec))[0]);
    const [init, ...others] = outputs.map((output) => output?.init ?? Buffer.alloc(0));
    if (init === undefined || facts.video === undefined) throw new Error('no output');
    expect(others.every((other) => other.equals(init))).toBe(true);
    expect(readInit(init).codecs).toMatch(codecs);
    const segments = outputs.flatMap((output) => output?.segments ?? []);
    const headers = segments.map((segment) => readFragmentHeader(segment));
    expect(headers.every(({ firstSampleIsSync }) => firstSampleIsSync)).toBe(true);
    const starts = tasks.flatMap(({ spec }) =>
      spec.kind === 'video' ? spec.segments.map(({ start }) => start) : [],
    );
    const ticks = frameTicks(facts.video.frameRate);
    expect(headers.map(({ baseMediaDecodeTime }) => baseMediaDecodeTime)).toEqual(
      starts.map((start) => start * ticks),
    );
    await saveJoined(join(folder, 'joined.mp4'), init, segments);
    const numbers = await readNumbers(folder, 'joined.mp4');
    expect(numbers).toEqual(Array.from({ length: 390 }, (_, number) => number));
  },
);

test('two AV1 renditions with several threads stay within the address space of their task', async () => {
  const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=854x480:r=10:d=1'];
  await ffmpeg(folder, ...picture, ...x264, 'wide.mp4');
  const source = await readFile(join(folder, 'wide.mp4'));
  const settings = { ...STANDARD_PROFILE.settings, codecs: ['h264' as const, 'av1' as const] };
  const tasks = planTasks(await probe(encoder, source), settings, encoder.engine.encoders);
  const task = tasks.find(({ id }) => id === 'av1-0');
  if (task === undefined) throw new Error('not planned');
  expect(await encode(encoder, source, task.spec)).toHaveLength(2);
});
