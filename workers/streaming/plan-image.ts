import { IMAGE_LIMITS, MAX_IMAGE_INPUT_BYTES } from '../../src/contracts/image-task.ts';
import type { ImageTask } from '../../src/contracts/image-task.ts';
import type { ByteSpan, RenditionMap, SegmentMap } from '../../src/contracts/media.ts';
import type { ImageQuery } from './image-query.ts';

/** Part of every name: rises when the encoder makes other pictures of the same task. */
const IMAGE_VERSION = 1;
/** Times are taken in steps of this length, so that neighbouring ones share a picture. */
const STEPS_PER_SECOND = 10;
/** Without a wish the picture is the poster's. */
const POSTER_AT_SHARE = 0.1;
const POSTER_LATEST_SECONDS = 10;
/** Longer side of a picture or animation whose size is not asked for. */
const DEFAULT_SIDE = 640;
const DEFAULT_GIF_SIDE = 320;
/** H.264: what every encoder can read back. */
const EVERY_ENGINE = 'avc1';
/** Frame times are sums of floating point numbers. */
const EPSILON = 1e-6;

/** How an image is made of the stored segments, and its name, which says all that it depends on. */
export interface ImagePlan {
  readonly name: string;
  readonly input: readonly ByteSpan[];
  readonly task: ImageTask;
}

/** The plan of the image; `undefined` when the video has no pictures. `thumbnailPct` is the share of the video that its owner chose, 0 for none. */
export function planImage(
  map: SegmentMap,
  query: ImageQuery,
  thumbnailPct: number,
): ImagePlan | undefined {
  const pictures = map.renditions.filter(isPicture).toSorted((a, b) => a.width - b.width);
  const top = pictures.at(-1);
  if (top === undefined) return undefined;
  const size = planSize(top, query);
  const rendition = pictures.find((each) => isLargeEnough(each, size)) ?? top;
  const grid = gridOf(rendition);
  const wanted = query.timeSeconds ?? defaultSeconds(map.durationSeconds, thumbnailPct);
  const first = Math.min(frameAt(wanted, rendition), grid.total - 1);
  const frames =
    query.format === 'jpg'
      ? 1
      : Math.min(frameAt(query.durationSeconds, rendition) || 1, grid.total - first);
  const { input, startFrame } = segmentsOf(rendition, first, first + frames);
  if (input.reduce((sum, { length }) => sum + length, 0) > MAX_IMAGE_INPUT_BYTES) return undefined;
  const picture = { firstFrame: first - startFrame, ...size };
  const shape = `${size.width}x${size.height}-${size.fit}`;
  if (query.format === 'jpg') {
    const name = `${IMAGE_VERSION}-${first}-${shape}.jpg`;
    return { name, input, task: { format: 'jpg', ...picture } };
  }
  const { fps } = query;
  const name = `${IMAGE_VERSION}-${first}-${frames}-${fps}-${shape}.gif`;
  return { name, input, task: { format: 'gif', ...picture, frames, fps } };
}

interface Size {
  readonly width: number;
  readonly height: number;
  readonly fit: 'scale' | 'crop' | 'fill';
}

/** One side that is not asked for follows the other; a box that the picture fills exactly needs neither cut nor bars. */
export function planSize(
  picture: { readonly width: number; readonly height: number },
  query: Pick<ImageQuery, 'width' | 'height' | 'fit' | 'format'>,
): Size {
  const { width, height, fit, format } = query;
  const most = format === 'gif' ? IMAGE_LIMITS.maxGifSide : IMAGE_LIMITS.maxSide;
  if (width !== undefined && height !== undefined && fit !== 'clip') {
    const isSame = Math.abs(width / height - picture.width / picture.height) < 0.5 / height;
    return { width, height, fit: isSame ? 'scale' : fit };
  }
  const largest = format === 'gif' ? DEFAULT_GIF_SIDE : DEFAULT_SIDE;
  const isOpen = width === undefined && height === undefined;
  const wide = (width ?? (isOpen ? largest : most)) / picture.width;
  const high = (height ?? (isOpen ? largest : most)) / picture.height;
  // Of what is only a box nothing is made larger than it is.
  const limit = isOpen || fit === 'clip' ? 1 : Infinity;
  const factor = Math.min(wide, high, limit);
  const side = (length: number): number => Math.max(1, Math.round(length * factor));
  return { width: side(picture.width), height: side(picture.height), fit: 'scale' };
}

type Picture = RenditionMap & Required<Pick<RenditionMap, 'width' | 'height' | 'frameRate'>>;

function isPicture(rendition: RenditionMap): rendition is Picture {
  const { kind, codecs, width, height, frameRate, segments } = rendition;
  return (
    kind === 'video' &&
    codecs.startsWith(EVERY_ENGINE) &&
    width !== undefined &&
    height !== undefined &&
    frameRate !== undefined &&
    segments.length > 0
  );
}

function isLargeEnough({ width, height }: Picture, size: Size): boolean {
  return size.fit === 'fill'
    ? width >= size.width || height >= size.height
    : width >= size.width && height >= size.height;
}

function defaultSeconds(durationSeconds: number, thumbnailPct: number): number {
  if (thumbnailPct > 0) return durationSeconds * thumbnailPct;
  return Math.min(durationSeconds * POSTER_AT_SHARE, POSTER_LATEST_SECONDS);
}

/** The frame that is shown at this time. */
function frameAt(seconds: number, { frameRate }: Picture): number {
  const stepped = Math.floor(seconds * STEPS_PER_SECOND + EPSILON) / STEPS_PER_SECOND;
  return Math.floor((stepped * frameRate.numerator) / frameRate.denominator + EPSILON);
}

function gridOf({ segments, frameRate, timescale }: Picture): {
  readonly total: number;
  readonly ends: readonly number[];
} {
  const ticks = (timescale * frameRate.denominator) / frameRate.numerator;
  let reached = 0;
  const ends = segments.map(({ durationTicks }) => (reached += Math.round(durationTicks / ticks)));
  return { total: reached, ends };
}

/** Init and the segments that hold the frames from `first` up to, but not including, `end`. */
function segmentsOf(
  rendition: Picture,
  first: number,
  end: number,
): { readonly input: readonly ByteSpan[]; readonly startFrame: number } {
  const { ends } = gridOf(rendition);
  const from = ends.findIndex((each) => each > first);
  const to = ends.findIndex((each) => each >= end);
  const segments = rendition.segments.slice(from, to + 1);
  return { input: [rendition.init, ...segments], startFrame: ends[from - 1] ?? 0 };
}
