import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { BOMBS } from '../fixtures/hostile-files.ts';
import { ffmpeg } from './ffmpeg.ts';

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
const GAP_SECONDS = 5 * 3600;
const FREE_BOXES = 1_000_000;
const HEADER_BYTES = 32 * 1024 * 1024;

/** Small files that ask for much: those that must be refused, and those that may be played at a price. */
export async function makeHostileFiles(folder: string, quick: boolean): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const encoded = Object.entries(encodedFiles()).filter(([name]) => !quick || !SLOW.has(name));
  for (const [name, args] of encoded) await ffmpeg(folder, [...args, name]);
  await ffmpeg(folder, [...black('320x180', 30, 2), ...H264, 'good.mp4']);
  const good = await readFile(join(folder, 'good.mp4'));
  const edited = [...Object.entries(editedFiles(good)), ...(await makeBombs(folder))];
  for (const [name, bytes] of edited) await writeFile(join(folder, name), bytes);
  return [...encoded, ...edited].map(([name]) => join(folder, name));
}

/** The bombs of the tests. */
async function makeBombs(folder: string): Promise<[string, Buffer][]> {
  const bombs: [string, Buffer][] = [];
  for (const [name, make] of BOMBS)
    bombs.push([`${name.replaceAll(/\W+/g, '-')}.mp4`, await make(folder)]);
  return bombs;
}

/** Made or done for minutes. */
const SLOW = new Set(['largest-picture.mp4', 'noise-60fps.mp4', 'black-4k60.mp4']);

function encodedFiles(): Record<string, string[]> {
  const late = `setpts=if(lt(N\\,15)\\,N/30\\,N/30+${GAP_SECONDS})/TB`;
  const tracks = Array.from({ length: 30 }, () => ['-map', '0:v']).flat();
  return {
    'largest-picture.mp4': [...black('8192x4320', 5, 6), ...H264],
    'black-4k60.mp4': [...black('3840x2160', 60, 10), ...H264],
    'noise-60fps.mp4': [
      ...['-f', 'lavfi', '-i', 'color=gray:size=1920x1080:rate=60:duration=5'],
      ...['-vf', 'noise=alls=100:allf=t:all_seed=1', ...H264, '-crf', '18'],
    ],
    'too-many-frames.mp4': [...black('64x64', 1000, 30), ...H264],
    'time-gap.mp4': [...black('640x360', 30, 1), '-vf', late, '-fps_mode', 'passthrough', ...H264],
    'many-streams.mp4': [...black('640x360', 30, 2), ...tracks, ...H264],
    'huge-jpegs.avi': [...black('8000x4000', 5, 4), '-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'],
  };
}

function editedFiles(good: Buffer): Record<string, Buffer> {
  const index = good.lastIndexOf('moov') - 4;
  const giant = Buffer.from(good);
  giant.writeUInt32BE(good.length - index + HEADER_BYTES, index);
  const free = Buffer.from('0000000866726565', 'hex');
  const filler = Buffer.alloc(HEADER_BYTES, 'x');
  filler.writeUInt32BE(HEADER_BYTES, 0);
  filler.write('udta', 4, 'latin1');
  return {
    'a-million-boxes.mp4': Buffer.concat([...Array.from({ length: FREE_BOXES }, () => free), good]),
    'giant-header.mp4': Buffer.concat([giant, filler]),
  };
}

function black(size: string, rate: number, seconds: number): string[] {
  return ['-f', 'lavfi', '-i', `color=black:size=${size}:rate=${rate}:duration=${seconds}`];
}
