import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ffmpeg } from './ffmpeg.ts';

const PIECE_SECONDS = 60;
/** Rises when the recipe changes, so that no run uses another recipe's file. */
const RECIPE = 1;

/**
 * A 1080p30 source with sound, the same on every machine: a slow zoom with fine detail, a moving test picture,
 * and film grain. About 8 Mbit/s, key frames 48 frames apart, index in front. Made once and kept in the system's
 * temporary folder; longer ones repeat the minute without encoding it again.
 */
export async function naturalSource(seconds: number, say: (text: string) => void): Promise<string> {
  const folder = join(tmpdir(), 'streamgate-bench-sources');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `natural-${RECIPE}-${seconds}s.mp4`);
  if (existsSync(file)) return file;
  say(`making ${seconds} s of 1080p30; it is kept in ${folder}`);
  const args =
    seconds <= PIECE_SECONDS
      ? recipe(seconds)
      : repeat(await naturalSource(PIECE_SECONDS, say), seconds);
  await ffmpeg(folder, [...args, '-movflags', '+faststart', `${file}.part.mp4`]);
  await rename(`${file}.part.mp4`, file);
  return file;
}

function recipe(seconds: number): string[] {
  const graph = [
    '[0:v]scale=2304:1296:flags=bicubic,gblur=sigma=0.8,crop=1920:1080:(iw-ow)/2*(1+sin(t/3)):(ih-oh)/2*(1+cos(t/4))[zoom]',
    '[1:v]scale=960:540,format=yuv420p[moving]',
    '[zoom]hue=s=0.6,format=yuv420p[ground]',
    '[ground][moving]overlay=x=480+400*sin(t/5):y=270+200*cos(t/4),noise=alls=4:allf=t:all_seed=7[v]',
  ].join(';');
  return [
    ['-f', 'lavfi', '-i', `mandelbrot=size=768x432:rate=30:end_pts=1800:maxiter=512`],
    ['-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=30`],
    ['-f', 'lavfi', '-i', `anoisesrc=seed=7:color=pink:amplitude=0.2:sample_rate=48000`],
    ['-filter_complex', graph, '-map', '[v]', '-map', '2:a', '-t', String(seconds)],
    ['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-pix_fmt', 'yuv420p'],
    ['-b:v', '8M', '-maxrate', '12M', '-bufsize', '16M', '-g', '48', '-threads', '2'],
    ['-c:a', 'aac', '-b:a', '128k', '-ac', '2'],
  ].flat();
}

function repeat(piece: string, seconds: number): string[] {
  const times = Math.ceil(seconds / PIECE_SECONDS);
  return ['-stream_loop', String(times - 1), '-i', piece, '-c', 'copy', '-t', String(seconds)];
}
