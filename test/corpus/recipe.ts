import type { Colour } from './pictures.ts';

type Corner = 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right';

/** What a clip must become. */
export interface Expectation {
  /** Codec names as the probe reports them. */
  readonly video?: string;
  readonly audio?: readonly string[];
  readonly seconds: number;
  /** Frames of each video rendition; absent without pictures. */
  readonly frames?: number;
  /** Of the highest rendition. */
  readonly size?: string;
  readonly rate?: number;
  /** Numbers that the frames of a counted picture carry, in order. */
  readonly numbers?: readonly number[];
  /** Where the white square of a marked picture is. */
  readonly corner?: Corner;
  /** Of the middle of a marked picture. */
  readonly colour?: Colour;
  readonly tolerance?: number;
  /** A moving bar shows no rows of another time. */
  readonly isSmooth?: boolean;
  readonly renditions?: readonly string[];
}

/** A clip and how ffmpeg makes it. */
export interface Recipe {
  /** The property that it stands for. */
  readonly name: string;
  /** Runs of ffmpeg; each ends with its output. Later runs may read earlier outputs. */
  readonly runs: readonly (readonly string[])[];
  /** Changes the bytes of the last output, for what ffmpeg cannot write. */
  readonly patch?: (file: Buffer) => Buffer;
  readonly becomes: Expectation | { readonly refused: string; readonly because: RegExp };
  /** Belongs to the short set that runs with every test run. */
  readonly isQuick?: boolean;
}

/** 0, 1, … `end - 1`, beginning at `start`. */
export function counting(end: number, start = 0): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}

/** A filter graph as ffmpeg's input. */
export function lavfi(graph: string): string[] {
  return ['-f', 'lavfi', '-i', graph];
}

export function tone(seconds: number): string[] {
  return lavfi(`sine=frequency=440:sample_rate=48000:duration=${seconds}`);
}

export const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50'];
/** B-frames that lean on B-frames, and groups whose first pictures lean on the group before. */
export const OPEN_GOP = [
  ['-c:v', 'libx264', '-preset', 'medium', '-pix_fmt', 'yuv420p'],
  ['-x264-params', 'open-gop=1:keyint=50:bframes=3:b-pyramid=normal'],
].flat();
export const X265 = [
  ['-c:v', 'libx265', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
  ['-x265-params', 'log-level=none:keyint=50'],
].flat();
export const MPEG2 = ['-c:v', 'mpeg2video', '-q:v', '3', '-g', '15', '-bf', '2'];
export const MPEG4 = ['-c:v', 'mpeg4', '-q:v', '3', '-g', '50', '-bf', '2'];
