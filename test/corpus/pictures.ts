import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ffmpeg } from '../unit/encoder-harness.ts';

/** Decoded pictures, RGB, row by row. */
export interface Pictures {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly Buffer[];
}

export type Colour = readonly [red: number, green: number, blue: number];

const BITS = 10;

/** A filter graph whose frames carry their number as ten black or white squares in the top row. */
export function counted(rate: string, seconds: number, size = '160x90', first = 0): string {
  const side = Number(size.split('x')[0]) / BITS;
  const bits = Array.from({ length: BITS }, (_, bit) => {
    const enable = `enable='mod(floor((n+${first})/${2 ** bit}),2)'`;
    return `drawbox=x=${side * bit}:y=0:w=${side}:h=${side}:color=white:t=fill:${enable}`;
  });
  return [`color=black:s=${size}:r=${rate}:d=${seconds}`, ...bits].join(',');
}

/** A plain colour with a white square in the top left corner, a quarter as wide and high as the picture. */
export function marked(size: string, rate: string, seconds: number, colour: string): string {
  return `color=${colour}:s=${size}:r=${rate}:d=${seconds},drawbox=x=0:y=0:w=iw/4:h=ih/4:color=white:t=fill`;
}

/** A white bar that moves to the right. */
export function moving(size: string, rate: string, seconds: number): string {
  const [, height = '0'] = size.split('x');
  return [
    `color=black:s=${size}:r=${rate}:d=${seconds}[back]`,
    `color=white:s=20x${height}:r=${rate}:d=${seconds}[bar]`,
    "[back][bar]overlay=x='mod(n*4,140)'",
  ].join(';');
}

/** The share of pixels that differ from the one below them: rows of two fields side by side look like a comb. */
export function combShare({ width, height, frames }: Pictures, frame: number): number {
  const bytes = frames[frame] ?? Buffer.alloc(0);
  const row = width * 3;
  let combed = 0;
  for (let at = row * 4; at < row * (height - 4); at += 3) {
    if (Math.abs((bytes[at] ?? 0) - (bytes[at + row] ?? 0)) > 64) combed++;
  }
  return combed / (width * height);
}

/** Decodes a joined rendition or a JPEG at a size. */
export async function decode(folder: string, file: Buffer, size: string): Promise<Pictures> {
  const [width = 0, height = 0] = size.split('x').map(Number);
  await writeFile(join(folder, 'joined'), file);
  const scale = ['-vf', `scale=${width}:${height}:flags=neighbor,format=rgb24`];
  const args = ['-i', 'joined', ...scale, '-fps_mode', 'passthrough', '-f', 'rawvideo'];
  await ffmpeg(folder, ...args, 'joined.rgb');
  const bytes = await readFile(join(folder, 'joined.rgb'));
  const frameBytes = width * height * 3;
  const frames = Array.from({ length: bytes.length / frameBytes }, (_, frame) =>
    bytes.subarray(frame * frameBytes, (frame + 1) * frameBytes),
  );
  return { width, height, frames };
}

/** The colour at a place of a frame, both coordinates from 0 to 1. */
export function colourAt(
  { width, height, frames }: Pictures,
  frame: number,
  x: number,
  y: number,
): Colour {
  const at = (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
  const bytes = frames[frame] ?? Buffer.alloc(0);
  return [bytes[at] ?? -1, bytes[at + 1] ?? -1, bytes[at + 2] ?? -1];
}

/** The numbers that {@link counted} drew, in the order of the frames. */
export function numbersOf(pictures: Pictures): number[] {
  return pictures.frames.map((_, frame) =>
    Array.from({ length: BITS }, (__, bit) => {
      const [red] = colourAt(pictures, frame, (16 * bit + 8) / 160, 8 / 90);
      return red > 128 ? 2 ** bit : 0;
    }).reduce((sum, value) => sum + value, 0),
  );
}
