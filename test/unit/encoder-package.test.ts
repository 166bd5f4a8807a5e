import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { readFragmentedFile } from '../../containers/transcoder/fragmented-file.ts';
import { packageOutput } from '../../containers/transcoder/package-output.ts';
import { readFragmentHeader } from '../../src/media/fmp4-fragment.ts';
import { ffmpeg } from './encoder-harness.ts';

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoder-package-'));
  path = join(folder, 'a.mp4');
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=30:d=4'];
  const flags = '+cmaf+frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets';
  await ffmpeg(folder, ...picture, '-c:v', 'libx264', '-g', '30', '-movflags', flags, 'a.mp4');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('splits output into parts without splitting a segment', async () => {
  const file = await readFragmentedFile(path);
  if (file === undefined) throw new Error('no file');
  const { parts, renditions } = await packageOutput({
    folder,
    renditions: ['one', 'two'].map((name) => ({ name, path, file, init: file.init })),
    segments: [0, 30, 60, 90].map((start) => ({ start, end: start + 30 })),
    sampleTicks: 512,
    maxPartBytes: 40_000,
  });
  expect(parts.length).toBeGreaterThan(1);
  const bytes = await Promise.all(parts.map((part) => readFile(part.path)));
  for (const [index, part] of parts.entries()) {
    const content = bytes[index] ?? Buffer.alloc(0);
    expect(part.sizeBytes).toBe(content.length);
    expect(part.sizeBytes).toBeLessThanOrEqual(40_000);
    expect(part.sha256).toBe(createHash('sha256').update(content).digest('hex'));
  }
  for (const { init, segments } of renditions) {
    expect(bytes[init.part]?.subarray(init.offset + 4, init.offset + 8).toString()).toBe('ftyp');
    for (const [index, place] of segments.entries()) {
      const start = bytes[place.part]?.subarray(
        place.offset,
        place.offset + place.headerLength + 16,
      );
      const header = readFragmentHeader(start ?? Buffer.alloc(0));
      expect(header).toMatchObject({ baseMediaDecodeTime: index * 15_360, sampleCount: 30 });
      expect(header.moofLength).toBe(place.headerLength);
      expect(header.moofLength + header.mdatLength).toBe(place.length);
    }
  }
});

test('refuses a segment that does not begin with a key frame', async () => {
  const file = await readFragmentedFile(path);
  if (file === undefined) throw new Error('no file');
  const output = packageOutput({
    folder: await mkdtemp(join(folder, 'x-')),
    renditions: [{ name: 'one', path, file, init: file.init }],
    segments: [
      { start: 0, end: 31 },
      { start: 31, end: 60 },
    ],
    sampleTicks: 512,
  });
  await expect(output).rejects.toThrow('key frame');
});

test('a cut file is an error, an empty or a missing one is nothing', async () => {
  const cut = join(folder, 'cut.mp4');
  const bytes = await readFile(path);
  await writeFile(cut, bytes);
  await truncate(cut, bytes.length - 2000);
  await expect(readFragmentedFile(cut)).rejects.toThrow(/past its end|cut off/);
  await truncate(cut, 0);
  expect(await readFragmentedFile(cut)).toBeUndefined();
  expect(await readFragmentedFile(join(folder, 'none.mp4'))).toBeUndefined();
});
