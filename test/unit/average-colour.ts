import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const NAMES: Readonly<Record<string, readonly [number, number, number]>> = {
  black: [0, 0, 0],
  white: [255, 255, 255],
  red: [255, 0, 0],
  lime: [0, 255, 0],
  blue: [0, 0, 255],
};
const TOLERANCE = 12;

/** The name of the colour that an image (or the part that the filter leaves of it) has on average, else its numbers. */
export async function averageColour(file: string, filter = 'null'): Promise<string> {
  const { stdout } = await promisify(execFile)(
    'ffmpeg',
    [
      ['-v', 'error', '-i', file, '-vf', `${filter},scale=1:1:flags=area,format=rgb24`],
      ['-frames:v', '1', '-f', 'rawvideo', '-'],
    ].flat(),
    { encoding: 'buffer' },
  );
  const pixel = [...stdout];
  const found = Object.entries(NAMES).find(([, colour]) =>
    colour.every((value, index) => Math.abs(value - (pixel[index] ?? -1000)) <= TOLERANCE),
  );
  return found?.[0] ?? pixel.join(',');
}
