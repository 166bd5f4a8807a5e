import type {
  AudioFacts,
  AudioRendition,
  Rational,
  SegmentSpan,
  VideoFacts,
  VideoRendition,
} from '../contracts/media.ts';
import { guardedInput } from './ffmpeg-guards.ts';
import { AAC_FRAME_SAMPLES } from './timeline.ts';
import { encoderArguments } from './video-encoders.ts';

/** Pictures that may be repeated at the end of a video whose last task comes out short. */
const MAX_REPEATED_FRAMES = 2;
/** Silence that may be added at the end of a track whose packets promise a little more than they decode to. */
const MAX_PADDED_FRAMES = 8;

/** How far before its first frame a task begins to read; `undefined` reads from the start of the file. */
export type Preroll = number | undefined;

export interface VideoTask {
  readonly facts: VideoFacts;
  readonly renditions: readonly VideoRendition[];
  readonly segments: readonly SegmentSpan[];
  readonly isLast: boolean;
  readonly encode?: { readonly quality: number; readonly preset: string };
}

/** The file that ffmpeg writes for the rendition of this number. */
export function renditionFile(index: number): string {
  return `rendition-${index}.mp4`;
}

/** Ticks a second in which every frame of this rate has a whole number of ticks. */
function videoTimescale(rate: Rational): number {
  return rate.denominator === 1 ? 90_000 : rate.numerator;
}

/** Ticks of one frame in {@link videoTimescale}. */
export function frameTicks(rate: Rational): number {
  return (videoTimescale(rate) * rate.denominator) / rate.numerator;
}

/** The first frame and the one after the last of a list of segments. */
export function spanOf(segments: readonly SegmentSpan[]): SegmentSpan {
  return { start: segments[0]?.start ?? 0, end: segments.at(-1)?.end ?? 0 };
}

/**
 * ffmpeg: decode once, put the pictures on the absolute frame grid, cut exactly the task's frames,
 * scale in a cascade and encode every rendition, an IDR at each segment start.
 */
export function videoArguments(task: VideoTask, preroll: Preroll, threads: number): string[] {
  const { start, end } = spanOf(task.segments);
  const order = task.renditions
    .map((rendition, index) => ({ rendition, index }))
    .toSorted((a, b) => area(b.rendition) - area(a.rendition));
  const outputs = order.flatMap(({ rendition, index }) =>
    [
      ['-map', `[v${index}]`, '-fps_mode', 'passthrough', '-frames:v', String(end - start)],
      encoderArguments({ ...task, rendition, threads }),
      ['-map_metadata', '-1', '-fflags', '+bitexact', '-f', 'mp4', '-movflags', VIDEO_FLAGS],
      ['-video_track_timescale', String(videoTimescale(task.facts.frameRate))],
      [renditionFile(index)],
    ].flat(),
  );
  const seek = seekSeconds(task, preroll);
  return [
    ['-nostdin', '-y', '-v', 'error', '-threads', String(threads), ...decoder(task.facts)],
    // A graph that is made anew when the size changes would begin to count at frame 0 again.
    ['-reinit_filter', '0'],
    seek === undefined ? [] : ['-noaccurate_seek', '-ss', seek.toFixed(6)],
    timedInput(task.facts),
    ['-filter_complex', videoGraph(task, order, seek === undefined)],
    outputs,
  ].flat();
}

/** ffmpeg: a whole audio track as AAC, silence where it starts late, exactly as many frames as planned. */
export function audioArguments(
  facts: AudioFacts,
  rendition: AudioRendition,
  segments: readonly SegmentSpan[],
): string[] {
  // The encoder puts one priming frame in front of the samples that it is given.
  const samples = (spanOf(segments).end - 1) * AAC_FRAME_SAMPLES;
  const graph = [
    `[0:a:${facts.track}]aresample=${rendition.sampleRate}:async=1:first_pts=0:min_hard_comp=0.03`,
    `aformat=sample_fmts=fltp:channel_layouts=${rendition.channels === 1 ? 'mono' : 'stereo'}`,
    `apad=pad_len=${MAX_PADDED_FRAMES * AAC_FRAME_SAMPLES}`,
    `atrim=end_sample=${samples}[a0]`,
  ].join(',');
  return [
    ['-nostdin', '-y', '-v', 'error', ...timedInput(facts)],
    ['-filter_complex', graph, '-map', '[a0]', '-c:a', 'aac'],
    ['-b:a', String(rendition.bitrateBps), ...audioOutput(COMMON_FLAGS)],
  ].flat();
}

/** ffmpeg: the packets of an audio track as they are. */
export function copyAudioArguments(track: number): string[] {
  return [
    ['-nostdin', '-y', '-v', 'error', ...guardedInput()],
    // The header of AC-3 is written from its first packet.
    ['-map', `0:a:${track}`, '-c:a', 'copy', ...audioOutput(`${COMMON_FLAGS}+delay_moov`)],
  ].flat();
}

export interface PosterTask {
  readonly facts: VideoFacts;
  readonly atSeconds: number;
  readonly width: number;
  readonly height: number;
}

/** The file that {@link posterArguments} writes. */
export const POSTER_FILE = 'poster.jpg';

/** ffmpeg: one JPEG of the first picture at or after the given second. */
export function posterArguments(task: PosterTask): string[] {
  const graph = [
    ...deinterlacing(task.facts),
    ...scaleFilters(task.facts, task, true),
    // JFIF: full range, BT.601.
    'scale=in_range=tv:out_range=pc:out_color_matrix=smpte170m,format=yuvj420p',
  ].join(',');
  return [
    ['-nostdin', '-y', '-v', 'error', ...decoder(task.facts)],
    ['-ss', task.atSeconds.toFixed(3), ...guardedInput()],
    ['-filter_complex', `[0:V:0]${graph}[p]`, '-map', '[p]'],
    // The WebAssembly build runs out of memory when it makes the best Huffman tables for 720p and up.
    ['-frames:v', '1', '-c:v', 'mjpeg', '-huffman', 'default', '-q:v', '3', '-map_metadata', '-1'],
    ['-fflags', '+bitexact', '-f', 'image2', '-update', '1', POSTER_FILE],
  ].flat();
}

const COMMON_FLAGS = '+cmaf+empty_moov+default_base_moof+skip_sidx';
// `frag_discont`: the first `tfdt` is the absolute time. `negative_cts_offsets`: the first picture is shown at `tfdt`.
const VIDEO_FLAGS = `${COMMON_FLAGS}+frag_keyframe+negative_cts_offsets+frag_discont`;

function audioOutput(flags: string): string[] {
  return [
    ['-map_metadata', '-1', '-fflags', '+bitexact', '-f', 'mp4', '-movflags', flags],
    ['-frag_duration', '2000000', renditionFile(0)],
  ].flat();
}

/** The source with second 0 where the timeline has it. */
function timedInput({ skipSeconds = 0 }: { readonly skipSeconds?: number }): string[] {
  const skip = skipSeconds === 0 ? [] : ['-itsoffset', (-skipSeconds).toFixed(6)];
  return ['-copyts', '-start_at_zero', ...skip, ...guardedInput()];
}

/** ffmpeg's own decoders of these pass over transparency. */
function decoder({ alpha, codec }: VideoFacts): string[] {
  const name = alpha === true ? ALPHA_DECODERS[codec] : undefined;
  return name === undefined ? [] : ['-c:v', name];
}

const ALPHA_DECODERS: Readonly<Record<string, string>> = { vp8: 'libvpx', vp9: 'libvpx-vp9' };

/** Headers often do not tell; each frame does. Progressive frames pass through as they are. */
function deinterlacing({ codec, interlaced, width, height }: VideoFacts): string[] {
  const isPossible = interlaced || CODECS_WITH_FIELDS.has(codec);
  const isLargeEnough = Math.min(width, height) >= SMALLEST_DEINTERLACED_SIDE;
  return isPossible && isLargeEnough ? ['bwdif=mode=send_frame:deint=interlaced'] : [];
}

const CODECS_WITH_FIELDS = new Set(['h264', 'mpeg2video', 'mpeg4', 'mjpeg', 'prores', 'dnxhd']);
const SMALLEST_DEINTERLACED_SIDE = 8;

/** In a file without presentation times the pictures come in the right order: they are counted. */
function timing({ pictureSeconds, startSeconds }: VideoFacts): string[] {
  if (pictureSeconds === undefined) return [];
  return [`setpts=round((${startSeconds}+N*${pictureSeconds.toFixed(9)})/TB)`];
}

interface OrderedRendition {
  readonly rendition: VideoRendition;
  readonly index: number;
}

/** `undefined` when the task must read from the start, where `fps` may fill the time before the first picture. */
function seekSeconds(task: VideoTask, preroll: Preroll): number | undefined {
  if (preroll === undefined) return undefined;
  const { numerator, denominator } = task.facts.frameRate;
  const { startSeconds, skipSeconds = 0 } = task.facts;
  const seek = (spanOf(task.segments).start * denominator) / numerator - preroll;
  return seek > startSeconds ? seek + skipSeconds : undefined;
}

/** `trim` stands directly behind `fps`: only there are its bounds frame numbers of the absolute grid. */
function videoGraph(
  task: VideoTask,
  order: readonly OrderedRendition[],
  fromStart: boolean,
): string {
  const { start, end } = spanOf(task.segments);
  const { numerator, denominator } = task.facts.frameRate;
  const grid = [
    ...timing(task.facts),
    // Brings every picture to the size of the first one.
    'scale',
    ...deinterlacing(task.facts),
    `fps=${numerator}/${denominator}:eof_action=pass${fromStart ? ':start_time=0' : ''}`,
    ...(task.isLast ? [`tpad=stop_mode=clone:stop=${MAX_REPEATED_FRAMES}`] : []),
    `trim=start_pts=${start}:end_pts=${end}`,
  ];
  return [`[0:V:0]${grid.join(',')}[s0]`, ...cascade(task.facts, order)].join(';');
}

/** Each rung is scaled from the one above it. */
function cascade(facts: VideoFacts, order: readonly OrderedRendition[]): string[] {
  return order.map(({ rendition, index }, position) => {
    const isLowest = position === order.length - 1;
    const scale = `[s${position}]${scaleFilters(facts, rendition, position === 0).join(',')}`;
    return isLowest ? `${scale}[v${index}]` : `${scale},split=2[v${index}][s${position + 1}]`;
  });
}

/** Scales to the size with square pixels; the first scaler of a graph also brings the source's colours to SDR. */
export function scaleFilters(
  facts: VideoFacts,
  rendition: Pick<VideoRendition, 'width' | 'height'>,
  isFirst: boolean,
): string[] {
  const { matrix, transfer } = outputColour(facts);
  const size = `scale=${rendition.width}:${rendition.height}:flags=bicubic`;
  const convert = `:in_color_matrix=${inputMatrix(facts)}:out_color_matrix=${matrix}`;
  const isHdr = facts.hdr && isFirst;
  return [
    // What is transparent becomes black.
    ...(facts.alpha === true && isFirst ? ['premultiply=inplace=1'] : []),
    ...(isHdr ? [size, ...TONE_MAP] : [`${size}${isFirst ? convert : ''}:out_range=tv`]),
    'setsar=1',
    'format=yuv420p',
    `setparams=range=tv:colorspace=${matrix}:color_primaries=${matrix}:color_trc=${transfer}`,
  ];
}

/**
 * Behind the first scaler, where there are fewer pixels: linear light is costly. What is as bright as paper (203 cd/m²,
 * ITU-R BT.2408) and below keeps its colour, only what shines brighter is compressed.
 */
const TONE_MAP = [
  'zscale=t=linear:npl=203:min=bt2020nc:pin=bt2020',
  'format=gbrpf32le',
  'zscale=p=bt709',
  'tonemap=mobius:desat=0',
  'zscale=t=bt709:m=bt709:r=tv',
];

interface Colour {
  readonly matrix: 'bt709' | 'smpte170m' | 'bt470bg';
  readonly transfer: string;
}

/** Standard matrices are kept; others become BT.709; an unmarked source is SD or HD by its size. */
function outputColour(facts: VideoFacts): Colour {
  const known = facts.colorSpace ?? (isHd(facts) ? 'bt709' : 'smpte170m');
  if (known === 'smpte170m') return { matrix: 'smpte170m', transfer: 'smpte170m' };
  if (known === 'bt470bg') return { matrix: 'bt470bg', transfer: 'bt470bg' };
  return { matrix: 'bt709', transfer: 'bt709' };
}

function inputMatrix(facts: VideoFacts): string {
  return facts.colorSpace === undefined ? outputColour(facts).matrix : 'auto';
}

function isHd(facts: VideoFacts): boolean {
  return Math.min(facts.width, facts.height) >= 720 || Math.max(facts.width, facts.height) >= 1280;
}

function area(rendition: VideoRendition): number {
  return rendition.width * rendition.height;
}
