import type { SegmentSpan, VideoFacts, VideoRendition } from '../contracts/media.ts';

const GOP_SECONDS = 2;
const STANDARD = { quality: 23, preset: 'veryfast' };
/** Constant rate factors with which x265 and SVT-AV1 look about like x264 with its own. */
const HEVC_QUALITY_OFFSET = 4;
const AV1_QUALITY_OFFSET = 13;
/** SVT-AV1's presets that take about the time of x264's. */
const AV1_PRESETS: Readonly<Record<string, number>> = {
  superfast: 12,
  veryfast: 11,
  faster: 10,
  fast: 9,
  medium: 8,
  slow: 6,
};

export interface EncodeOrder {
  readonly facts: VideoFacts;
  readonly rendition: VideoRendition;
  /** The segments of the task: each begins with a key frame. */
  readonly segments: readonly SegmentSpan[];
  readonly encode?: { readonly quality: number; readonly preset: string };
  readonly threads: number;
}

/** ffmpeg's arguments for one rendition: closed GOPs of about two seconds, a key frame at every segment start. */
export function encoderArguments(order: EncodeOrder): string[] {
  const { codec = 'h264' } = order.rendition;
  if (codec === 'av1') return av1(order);
  return codec === 'hevc' ? hevc(order) : h264(order);
}

function h264(order: EncodeOrder): string[] {
  const { rendition, encode = STANDARD, threads } = order;
  const level = `${Math.floor(rendition.level / 10)}.${rendition.level % 10}`;
  const gop = gopFrames(order.facts);
  return [
    ['-c:v', 'libx264', '-preset', encode.preset, '-profile:v', 'high', '-level:v', level],
    ['-crf', String(encode.quality), ...cap(rendition), '-g', String(gop)],
    ['-keyint_min', String(gop), '-sc_threshold', '0', '-flags', '+cgop', '-bf', '2'],
    keyFrames(order),
    ['-threads', String(threads)],
  ].flat();
}

function hevc(order: EncodeOrder): string[] {
  const { rendition, encode = STANDARD, threads } = order;
  const gop = gopFrames(order.facts);
  const parameters = [
    [`keyint=${gop}`, `min-keyint=${gop}`, 'scenecut=0', 'open-gop=0', 'bframes=2'],
    [`pools=${threads}`, 'frame-threads=1', 'log-level=error', 'info=0'],
  ].flat();
  return [
    ['-c:v', 'libx265', '-preset', encode.preset, '-tag:v', 'hvc1'],
    ['-crf', String(encode.quality + HEVC_QUALITY_OFFSET), ...cap(rendition)],
    ['-x265-params', parameters.join(':'), ...keyFrames(order)],
  ].flat();
}

/** SVT-AV1 puts a key frame at every GOP by itself, and all segments but the last are whole GOPs. */
function av1({ facts, encode = STANDARD, threads }: EncodeOrder): string[] {
  return [
    ['-c:v', 'libsvtav1', '-preset', String(AV1_PRESETS[encode.preset] ?? 10)],
    ['-crf', String(encode.quality + AV1_QUALITY_OFFSET), '-g', String(gopFrames(facts))],
    ['-svtav1-params', `scd=0:lp=${threads}`],
  ].flat();
}

function cap({ maxBitrateBps }: VideoRendition): string[] {
  return ['-maxrate', String(maxBitrateBps), '-bufsize', String(maxBitrateBps * 2)];
}

function gopFrames({ frameRate }: VideoFacts): number {
  return Math.max(1, Math.round((GOP_SECONDS * frameRate.numerator) / frameRate.denominator));
}

/** By frame number, which is exact; a list of times would be rounded to the encoder's time base. */
function keyFrames({ segments }: EncodeOrder): string[] {
  const start = segments[0]?.start ?? 0;
  const numbers = segments.map((segment) => `eq(n,${segment.start - start})`);
  return ['-forced-idr', '1', '-force_key_frames', `expr:${numbers.join('+')}`];
}
