import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { EncoderEngine } from '../containers/transcoder/engine.ts';
import { SOURCE_PATH } from '../src/media/ffmpeg-guards.ts';

const CPU_SECONDS = 3600;

/** Decodes a file and counts its video frames, or its audio frames where it has no video. Throws on any decoding error. */
export async function countFrames(engine: EncoderEngine, file: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'streamgate-count-'));
  try {
    const lines: string[] = [];
    const exit = await engine.run({
      program: 'ffmpeg',
      arguments: [
        '-nostdin',
        '-v',
        'error',
        '-i',
        `file:${SOURCE_PATH}`,
        '-f',
        'framecrc',
        '-fps_mode',
        'passthrough',
        '-',
      ],
      folder,
      sourceFile: file,
      signal: new AbortController().signal,
      cpuSeconds: CPU_SECONDS,
      maxFileBytes: 1024 * 1024,
      onLine: (line) => lines.push(line),
    });
    if (exit.code !== 0 || exit.errors !== '')
      throw new Error(`ffmpeg could not decode ${file}: ${exit.errors}`);
    return lines.filter((line) => /^\d+,/.test(line)).length;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
