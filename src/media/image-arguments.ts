import type { ImageTask } from '../contracts/image-task.ts';
import { guardedInput } from './ffmpeg-guards.ts';

/** The file that {@link imageArguments} writes. */
export function imageFile({ format }: ImageTask): string {
  return `image.${format}`;
}

/** ffmpeg: one picture, or an animation, of frames counted from the first one of the input. */
export function imageArguments(task: ImageTask, threads: number): string[] {
  return [
    ['-nostdin', '-y', '-v', 'error', '-threads', String(threads), ...guardedInput()],
    task.format === 'jpg' ? jpegArguments(task) : gifArguments(task),
    ['-map_metadata', '-1', '-fflags', '+bitexact'],
    task.format === 'jpg' ? ['-f', 'image2', '-update', '1'] : ['-loop', '0', '-f', 'gif'],
    [imageFile(task)],
  ].flat();
}

type JpegTask = Extract<ImageTask, { format: 'jpg' }>;
type GifTask = Extract<ImageTask, { format: 'gif' }>;

function jpegArguments(task: JpegTask): string[] {
  const graph = [trim(task.firstFrame, 1), ...fitFilters(task), ...TO_JPEG].join(',');
  return [
    ['-filter_complex', `[0:V:0]${graph}[p]`, '-map', '[p]', '-frames:v', '1'],
    // The WebAssembly build runs out of memory when it makes the best Huffman tables for 720p and up.
    ['-c:v', 'mjpeg', '-huffman', 'default', '-q:v', '3'],
  ].flat();
}

function gifArguments(task: GifTask): string[] {
  const frames = [
    trim(task.firstFrame, task.frames),
    'setpts=PTS-STARTPTS',
    `fps=${task.fps}`,
    ...fitFilters(task),
  ].join(',');
  const palette = 'split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=bayer';
  return ['-filter_complex', `[0:V:0]${frames},${palette}[g]`, '-map', '[g]', '-c:v', 'gif'];
}

/** By frame number, which is exact: the input begins with a key frame and has every frame of its grid. */
function trim(firstFrame: number, frames: number): string {
  return `trim=start_frame=${firstFrame}:end_frame=${firstFrame + frames}`;
}

/** In RGB: odd sizes and true black need no thought there. */
function fitFilters({ width, height, fit }: ImageTask): string[] {
  const scale = `scale=${width}:${height}:flags=lanczos`;
  const size = `${width}:${height}`;
  if (fit === 'crop')
    return [`${scale}:force_original_aspect_ratio=increase`, 'format=gbrp', `crop=${size}`, SQUARE];
  if (fit === 'fill') {
    const bars = `pad=${size}:(ow-iw)/2:(oh-ih)/2:color=black`;
    return [`${scale}:force_original_aspect_ratio=decrease`, 'format=gbrp', bars, SQUARE];
  }
  return [scale, 'format=gbrp', SQUARE];
}

const SQUARE = 'setsar=1';
/** JFIF: full range, the matrix of BT.601. */
const TO_JPEG = ['scale=out_color_matrix=bt601:out_range=pc', 'format=yuvj420p'];
