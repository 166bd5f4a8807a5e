import type { StoryboardLayout, VideoFacts } from '../contracts/media.ts';
import { scaleFilters } from './ffmpeg-arguments.ts';
import { guardedInput } from './ffmpeg-guards.ts';

const MAX_TILES = 100;
const COLUMNS = 10;
/** Longer side of a tile in pixels. */
const TILE_SIDE = 160;
/** Sources up to this length are decoded as a whole where their key frames are too far apart. */
const MAX_DECODED_SECONDS = 10 * 60;

/** What the encoder makes a storyboard by. */
export interface StoryboardTask {
  readonly facts: VideoFacts;
  readonly layout: StoryboardLayout;
  /** Decode key frames only: a few percent of the work. */
  readonly keyFramesOnly: boolean;
}

/** A picture every whole number of seconds, at most a hundred, ten in a row. */
export function planStoryboard(facts: VideoFacts): StoryboardTask {
  const seconds = facts.startSeconds + facts.durationSeconds;
  const intervalSeconds = Math.max(1, Math.ceil(seconds / MAX_TILES));
  const scale = Math.min(1, TILE_SIDE / Math.max(facts.width, facts.height));
  const even = (side: number): number => Math.max(2, Math.round((side * scale) / 2) * 2);
  const tiles = Math.max(1, Math.ceil(seconds / intervalSeconds));
  const isDense = (facts.keyFrameSeconds ?? Infinity) <= intervalSeconds;
  return {
    facts,
    layout: {
      tileWidth: even(facts.width),
      tileHeight: even(facts.height),
      columns: Math.min(COLUMNS, tiles),
      tiles,
      intervalSeconds,
    },
    keyFramesOnly: isDense || seconds > MAX_DECODED_SECONDS,
  };
}

/** The file that {@link storyboardArguments} writes. */
export const STORYBOARD_FILE = 'storyboard.jpg';

/** ffmpeg: one pass over the source, one JPEG with a tile for every interval, the last picture repeated to the end. */
export function storyboardArguments(task: StoryboardTask, threads: number): string[] {
  const { facts, layout } = task;
  const { tileWidth: width, tileHeight: height, columns, tiles, intervalSeconds } = layout;
  const graph = [
    // The picture of a tile is the last one before the middle of its interval.
    `fps=1/${intervalSeconds}:start_time=0:eof_action=pass`,
    `tpad=stop_mode=clone:stop=${tiles}`,
    `trim=end_frame=${tiles}`,
    ...scaleFilters(facts, { width, height }, true),
    `tile=${columns}x${Math.ceil(tiles / columns)}:nb_frames=${tiles}`,
    'scale=out_color_matrix=bt601:out_range=pc',
    'format=yuvj420p',
  ].join(',');
  return [
    ['-nostdin', '-y', '-v', 'error', '-copyts', '-start_at_zero', '-threads', String(threads)],
    // A picture nearby does, and nobody sees a missing loop filter in a tile.
    ['-skip_frame', task.keyFramesOnly ? 'nokey' : 'noref', '-skip_loop_filter', 'all'],
    guardedInput(),
    ['-filter_complex', `[0:V:0]${graph}[s]`, '-map', '[s]', '-frames:v', '1'],
    ['-c:v', 'mjpeg', '-huffman', 'default', '-q:v', '5', '-map_metadata', '-1'],
    ['-fflags', '+bitexact', '-f', 'image2', '-update', '1', STORYBOARD_FILE],
  ].flat();
}

/** Where each tile lies in the sheet, and from when to when it stands for the video. */
export interface StoryboardTile {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly x: number;
  readonly y: number;
}

/** The tiles in order of time; the last one lasts to the end of the video. */
export function storyboardTiles(
  layout: StoryboardLayout,
  durationSeconds: number,
): StoryboardTile[] {
  const { tileWidth, tileHeight, columns, tiles, intervalSeconds } = layout;
  return Array.from({ length: tiles }, (_, index) => ({
    startSeconds: index * intervalSeconds,
    endSeconds:
      index === tiles - 1
        ? Math.max(durationSeconds, index * intervalSeconds + 0.001)
        : (index + 1) * intervalSeconds,
    x: (index % columns) * tileWidth,
    y: Math.floor(index / columns) * tileHeight,
  }));
}

/** WebVTT whose cues name the picture beside it (media fragment `xywh`, W3C Media Fragments §4.2.2). */
export function renderStoryboardVtt(
  layout: StoryboardLayout,
  durationSeconds: number,
  image: string,
): string {
  const cues = storyboardTiles(layout, durationSeconds).map(
    ({ startSeconds, endSeconds, x, y }) => {
      const place = `${x},${y},${layout.tileWidth},${layout.tileHeight}`;
      return `${vttTime(startSeconds)} --> ${vttTime(endSeconds)}\n${image}#xywh=${place}\n`;
    },
  );
  return ['WEBVTT\n', ...cues].join('\n');
}

function vttTime(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const fraction = String(ms % 1000).padStart(3, '0');
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}.${fraction}`;
}
