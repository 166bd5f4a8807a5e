import { AppError } from '../../src/contracts/errors.ts';
import { IMAGE_LIMITS } from '../../src/contracts/image-task.ts';
import type { ImageFormat } from '../../src/contracts/image-task.ts';

const FITS = ['crop', 'clip', 'scale', 'fill'] as const;
const DEFAULT_GIF_SECONDS = 5;
const DEFAULT_GIF_FPS = 8;
/** No video is longer. */
const MAX_SECONDS = 1_000_000;

type ImageFit = (typeof FITS)[number];

/** What a thumbnail's address asks for; what it leaves out is decided by the video. */
export interface ImageQuery {
  readonly format: ImageFormat;
  readonly timeSeconds?: number;
  readonly width?: number;
  readonly height?: number;
  readonly fit: ImageFit;
  /** Of an animation. */
  readonly durationSeconds: number;
  readonly fps: number;
}

/** Reads Stream's parameters; an empty one counts as left out, unknown ones are passed over. Throws `request.invalid` naming the parameter. */
export function parseImageQuery(format: ImageFormat, query: URLSearchParams): ImageQuery {
  const { minSide, maxSide, maxGifSide, maxGifSeconds, maxGifFps } = IMAGE_LIMITS;
  const side = { least: minSide, most: format === 'gif' ? maxGifSide : maxSide };
  const timeSeconds = timeOf(query, 'time', { least: 0, most: MAX_SECONDS });
  const width = integerOf(query, 'width', side);
  const height = integerOf(query, 'height', side);
  return {
    format,
    ...(timeSeconds !== undefined && { timeSeconds }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    fit: fitOf(query),
    durationSeconds:
      (format === 'gif' && timeOf(query, 'duration', { least: 0.1, most: maxGifSeconds })) ||
      DEFAULT_GIF_SECONDS,
    fps:
      (format === 'gif' && integerOf(query, 'fps', { least: 1, most: maxGifFps })) ||
      DEFAULT_GIF_FPS,
  };
}

/** True when the address asks for no particular picture: the poster is the answer. */
export function isPlain(query: ImageQuery): boolean {
  const { format, timeSeconds, width, height } = query;
  return (
    format === 'jpg' && timeSeconds === undefined && width === undefined && height === undefined
  );
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** `90`, `1.5s`, `5m2s`, `1h2m3s`: seconds. */
export function parseTime(text: string): number | undefined {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text);
  const parts = /^(?=\d)(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)?$/.exec(text);
  if (parts === null) return undefined;
  const [, hours = '0', minutes = '0', seconds = '0'] = parts;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function timeOf(query: URLSearchParams, name: string, bounds: Bounds): number | undefined {
  const text = query.get(name) ?? '';
  if (text === '') return undefined;
  const seconds = parseTime(text);
  if (seconds === undefined) throw invalid(name, 'must be a time such as 12, 1.5s, 5m2s or 1h2m3s');
  return within(name, seconds, bounds, 'seconds');
}

function integerOf(query: URLSearchParams, name: string, bounds: Bounds): number | undefined {
  const text = query.get(name) ?? '';
  if (text === '') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalid(name, 'must be a whole number');
  return within(name, Number(text), bounds, name === 'fps' ? 'pictures a second' : 'pixels');
}

function within(name: string, value: number, { least, most }: Bounds, unit: string): number {
  if (value < least || value > most) throw invalid(name, `must be ${least} to ${most} ${unit}`);
  return value;
}

function fitOf(query: URLSearchParams): ImageFit {
  const text = query.get('fit') || 'crop';
  const fit = FITS.find((each) => each === text);
  if (fit === undefined) throw invalid('fit', `must be one of ${FITS.join(', ')}`);
  return fit;
}

function invalid(name: string, message: string): AppError {
  const pointer = `/${name}`;
  return new AppError('request.invalid', `${name}: ${message}`, {
    pointer,
    errors: [{ pointer, message }],
  });
}
