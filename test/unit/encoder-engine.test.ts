import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import { findNativeEngine } from '../../containers/transcoder/native-engine.ts';
import type { EncoderEngine, EngineRun } from '../../containers/transcoder/engine.ts';
import { guardedInput, SOURCE_PATH } from '../../src/media/ffmpeg-guards.ts';

// The contract of EncoderEngine, run against both.
const here =
  (await findNativeEngine()) === undefined ? (['wasm'] as const) : (['native', 'wasm'] as const);

describe.each(here)('the %s engine', (choice) => {
  let engine: EncoderEngine;
  let folder: string;

  beforeAll(async () => {
    engine = await chooseEngine(choice);
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'engine-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  function run(
    args: readonly string[],
    more: Partial<EngineRun> = {},
  ): ReturnType<typeof engine.run> {
    return engine.run({
      program: 'ffmpeg',
      arguments: args,
      folder,
      signal: new AbortController().signal,
      cpuSeconds: 60,
      maxFileBytes: 100_000_000,
      ...more,
    });
  }

  const makeClip = (seconds: number): string[] => {
    const picture = ['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=s=160x90:r=30:d=${seconds}`];
    return [...picture, '-c:v', 'libx264', '-preset', 'ultrafast', 'clip.mp4'];
  };

  test('writes outputs into the folder and reads them back as a source', async () => {
    expect(await run(makeClip(1))).toEqual({ code: 0, errors: '' });
    expect((await readFile(join(folder, 'clip.mp4'))).length).toBeGreaterThan(1000);
    const lines: string[] = [];
    const entries = ['-show_entries', 'stream=codec_name,nb_frames', '-of', 'csv=p=0'];
    const exit = await run(['-v', 'error', ...entries, ...guardedInput()], {
      program: 'ffprobe',
      sourceFile: join(folder, 'clip.mp4'),
      onLine: (line) => lines.push(line),
    });
    expect(exit.code).toBe(0);
    expect(lines).toContain('h264,30');
  });

  test('reports progress while it runs', async () => {
    const lines: string[] = [];
    const progress = ['-progress', 'pipe:1', '-stats_period', '0.1'];
    await run([...progress, ...makeClip(2)], { onLine: (line) => lines.push(line) });
    expect(lines).toContain('frame=60');
    expect(lines).toContain('progress=end');
  });

  test('tells a failure by code and errors without paths', async () => {
    const exit = await run(['-v', 'error', '-i', `file:${SOURCE_PATH}`, 'out.mp4'], {
      sourceFile: new URL(import.meta.url).pathname,
    });
    expect(exit.code).not.toBe(0);
    expect(exit.errors).toContain('Invalid data');
    expect(exit.errors).not.toContain(folder);
  });

  test('ends at once when it is aborted', async () => {
    const abort = new AbortController();
    const ended = run(makeClip(600), { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 700);
    const startedAt = Date.now();
    await expect(ended).rejects.toThrow('enough');
    expect(Date.now() - startedAt).toBeLessThan(1700);
    await expect(run(makeClip(1), { signal: abort.signal })).rejects.toThrow('enough');
  });
});
