import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { EncoderEngine } from '../containers/transcoder/engine.ts';

const CPU_SECONDS = 600;
const MAX_CLIP_BYTES = 512 * 1024 * 1024;

/** Runs the engine's ffmpeg with these arguments, the last of them being the output's name, and puts the output at `file`. */
export async function makeClip(
  engine: EncoderEngine,
  file: string,
  args: readonly string[],
  sourceFile?: string,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'streamgate-clip-'));
  try {
    const { signal } = new AbortController();
    const exit = await engine.run({
      program: 'ffmpeg',
      arguments: ['-nostdin', '-v', 'error', ...args],
      folder,
      ...(sourceFile !== undefined && { sourceFile }),
      signal,
      cpuSeconds: CPU_SECONDS,
      maxFileBytes: MAX_CLIP_BYTES,
    });
    if (exit.code !== 0) throw new Error(`ffmpeg could not make the clip: ${exit.errors}`);
    await rename(join(folder, args.at(-1) ?? ''), file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Arguments of a clip with a moving test picture, a clock and a tone. */
export function sampleClipArguments(seconds: number): string[] {
  return [
    ...['-f', 'lavfi', '-i', `testsrc2=size=1280x720:rate=30:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${seconds}`],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-pix_fmt',
      'yuv420p',
      '-g',
      '60',
      '-c:a',
      'aac',
      '-b:a',
      '96k',
    ],
    ...['-movflags', '+faststart', 'sample.mp4'],
  ];
}
