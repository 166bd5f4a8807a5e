import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { VideoRendition } from '../../src/contracts/media.ts';
import { ffmpeg } from './ffmpeg.ts';

export interface RenditionQuality {
  readonly name: string;
  /** Structural similarity to the source scaled to this size; 1 is the same picture. */
  readonly ssim: number;
  readonly bytes: number;
}

/** Compares every `{rendition}.mp4` of a folder with the source. Throws unless each has exactly so many frames. */
export async function measureQuality(
  source: string,
  ladder: readonly VideoRendition[],
  folder: string,
  frames: number,
): Promise<RenditionQuality[]> {
  const files = ladder.map(({ name }) => join(folder, `${name}.mp4`));
  const inputs = [source, ...files].flatMap((file) => ['-i', file]);
  const outputs = ladder.flatMap((_, index) => ['-map', `[q${index}]`]);
  const args = [...inputs, '-filter_complex', comparison(ladder), ...outputs, '-f', 'null', '-'];
  const report = await ffmpeg(folder, args);
  return Promise.all(
    ladder.map(async ({ name }) => {
      await requireFrames(join(folder, `${name}.ssim`), frames);
      return { name, ssim: readSsim(report, name), bytes: await sizeOf(folder, name) };
    }),
  );
}

function comparison(ladder: readonly VideoRendition[]): string {
  const wanted = ladder.map((_, index) => `[r${index}]`).join('');
  const compared = ladder.map(({ name, width, height }, index) => {
    const scaled = `[r${index}]scale=${width}:${height}:flags=bicubic[t${index}]`;
    const ssim = `ssim@${name}=stats_file=${name}.ssim:shortest=1`;
    return `${scaled};[${index + 1}:v][t${index}]${ssim}[q${index}]`;
  });
  return [`[0:v:0]split=${ladder.length}${wanted}`, ...compared].join(';');
}

function readSsim(report: string, name: string): number {
  const all = new RegExp(`ssim@${name} @.* All:([\\d.]+)`).exec(report)?.[1];
  if (all === undefined) throw new Error(`ffmpeg did not compare ${name}:\n${report.slice(-1000)}`);
  return Number(all);
}

/** The comparison ends with the shorter of both, so that its last line counts the frames. */
async function requireFrames(file: string, frames: number): Promise<void> {
  const compared = Number(/n:(\d+) [^\n]*\n$/.exec(await readFile(file, 'utf8'))?.[1]);
  if (compared !== frames) throw new Error(`${file}: ${compared} of ${frames} frames`);
}

async function sizeOf(folder: string, name: string): Promise<number> {
  return (await stat(join(folder, `${name}.mp4`))).size;
}
