import type { AudioFacts, SourceFacts, VideoFacts } from '../contracts/media.ts';
import { isUntimed } from './copy-plan.ts';
import { gridSkip, snapFrameRate } from './frame-rate.ts';
import type { PacketTotals } from './packet-scan.ts';
import { AUDIO_CODECS, VIDEO_CODECS } from './readable-codecs.ts';

/** The part of ffprobe's JSON that is read; `-show_entries` asks for exactly this. */
export interface ProbeDocument {
  readonly format?: ProbeFormat;
  readonly streams?: readonly ProbeStream[];
}

interface ProbeFormat {
  readonly format_name?: string;
  readonly start_time?: string;
  readonly duration?: string;
  readonly size?: string;
}

export interface ProbeStream {
  readonly index: number;
  readonly codec_type?: string;
  readonly codec_name?: string;
  readonly width?: number;
  readonly height?: number;
  readonly sample_aspect_ratio?: string;
  readonly pix_fmt?: string;
  readonly field_order?: string;
  readonly color_space?: string;
  readonly color_transfer?: string;
  /** In MP4 what the edit list leaves of the track. */
  readonly duration?: string;
  readonly nb_frames?: string;
  readonly sample_rate?: string;
  readonly channels?: number;
  readonly disposition?: { readonly attached_pic?: number; readonly default?: number };
  readonly side_data_list?: readonly { readonly rotation?: number }[];
  readonly tags?: {
    readonly language?: string;
    readonly title?: string;
    readonly alpha_mode?: string;
  };
}

type SourceFailureCode =
  | 'ERR_NON_VIDEO'
  | 'ERR_MALFORMED_VIDEO'
  | 'ERR_DURATION_EXCEED_CONSTRAINT'
  | 'ERR_DURATION_TOO_SHORT'
  | 'ERR_UNSUPPORTED';

export interface SourceFailure {
  readonly code: SourceFailureCode;
  readonly message: string;
}

export type SourceVerdict = { readonly facts: SourceFacts } | { readonly failure: SourceFailure };

const MIN_DURATION_SECONDS = 0.1;
/** In frames: enough to round to a whole one. */
const SHORTEST_PICTURE = 0.75;
const MAX_AUDIO_TRACKS = 8;
const MAX_TITLE_LENGTH = 100;
/** Frames that may be made of one packet before the timestamps count as a bomb: ten minutes of one slide at 5 fps, and a floor. */
const MAX_FRAMES_PER_PACKET = 3000;
/** A header that promises less than this many bits a second is a lie, not a truncated file. */
const MIN_DECLARED_BPS = 500;

const HDR_TRANSFERS = new Set(['smpte2084', 'arib-std-b67']);
const ALPHA_FORMAT = /^(?:yuva|gbrap|rgba|bgra|argb|abgr|ya\d|pal8)/;
const PROGRESSIVE = new Set(['progressive', 'unknown']);

/** Turns what ffprobe found into facts, or says why the source cannot be played. Durations are those of the packets. */
export function toSourceFacts(
  document: ProbeDocument,
  packets: ReadonlyMap<number, PacketTotals>,
  maxDurationSeconds: number,
): SourceVerdict {
  const { format = {}, streams = [] } = document;
  const videoStream = streams.find((each) => each.codec_type === 'video' && !isCover(each));
  const audioStreams = streams.filter((each) => each.codec_type === 'audio');
  if (videoStream === undefined && audioStreams.length === 0) return noMedia(streams);
  const video = withTotals(videoStream, packets);
  const held = audioStreams.flatMap((stream, track): AudioTrack[] => {
    const found = withTotals(stream, packets);
    return found === undefined ? [] : [{ ...found, track }];
  });
  // One track that cannot be decoded is no reason to refuse a file with others.
  const heard = held.filter(({ stream }) => AUDIO_CODECS.has(stream.codec_name ?? ''));
  const audio = heard.toSorted(defaultFirst).slice(0, MAX_AUDIO_TRACKS);
  if (video === undefined && (videoStream !== undefined || held.length === 0)) {
    return fail(
      'ERR_MALFORMED_VIDEO',
      'The file holds no readable pictures or sound: it is damaged.',
    );
  }
  const failure =
    unsupported(videoStream, audio.length > 0 ? undefined : held[0]?.stream) ??
    truncated(format, [video, ...audio]) ??
    badLength([video, ...audio], toNumber(format.start_time), maxDurationSeconds) ??
    outOfProportion(video);
  if (failure !== undefined) return { failure };
  return { facts: factsOf(format, video, audio) };
}

/** The failure for a file that ffprobe would not open at all. */
export function notAVideo(): SourceFailure {
  return {
    code: 'ERR_NON_VIDEO',
    message: 'This is not a video: the file is not in a video format that we can read.',
  };
}

interface Track {
  readonly stream: ProbeStream;
  readonly totals: PacketTotals;
}

interface AudioTrack extends Track {
  /** Which of the file's audio tracks it is, from 0. */
  readonly track: number;
}

function defaultFirst(a: AudioTrack, b: AudioTrack): number {
  const rank = ({ stream }: AudioTrack): number => stream.disposition?.default ?? 0;
  return rank(b) - rank(a) || a.track - b.track;
}

function withTotals(
  stream: ProbeStream | undefined,
  packets: ReadonlyMap<number, PacketTotals>,
): Track | undefined {
  const totals = stream === undefined ? undefined : packets.get(stream.index);
  if (stream === undefined || totals === undefined || totals.count === 0) return undefined;
  return { stream, totals };
}

function noMedia(streams: readonly ProbeStream[]): SourceVerdict {
  if (!streams.some(isCover)) return { failure: notAVideo() };
  return fail('ERR_NON_VIDEO', 'This is not a video: the file holds only a still picture.');
}

function unsupported(
  video: ProbeStream | undefined,
  audio: ProbeStream | undefined,
): SourceFailure | undefined {
  if (video !== undefined && !VIDEO_CODECS.has(video.codec_name ?? '')) {
    return unsupportedCodec('pictures', video.codec_name);
  }
  if (video !== undefined && !((video.width ?? 0) > 0 && (video.height ?? 0) > 0)) {
    return malformed('The size of the pictures cannot be read: the file is damaged.');
  }
  if (audio === undefined) return undefined;
  return unsupportedCodec('sound', audio.codec_name);
}

function unsupportedCodec(what: string, codec = 'unknown'): SourceFailure {
  return {
    code: 'ERR_UNSUPPORTED',
    message: `The ${what} of this file are coded as "${codec}", which is not supported. Convert the file to H.264 and AAC.`,
  };
}

/**
 * A cut file keeps the header of the whole one. The tables of MP4 tell how much each track holds and its edit lists how
 * much of that is shown, which is less in a file that was trimmed without encoding; elsewhere the declared length must do.
 */
function truncated(
  format: ProbeFormat,
  tracks: readonly (Track | undefined)[],
): SourceFailure | undefined {
  const present = tracks.filter((track) => track !== undefined);
  const isIndexed = present.some(({ stream }) => toNumber(stream.nb_frames) > 0);
  if (format.format_name?.startsWith('mov') === true && isIndexed) {
    return present.some(isCutShort) ? cutShort() : undefined;
  }
  const declared = toNumber(format.duration);
  // Matroska counts its length from 0, other containers from the first picture: the later end is the kinder one.
  const origin = Math.min(0, toNumber(format.start_time));
  const held = Math.max(...present.map(({ totals }) => totals.end)) - origin;
  const isLie = (toNumber(format.size) * 8) / declared < MIN_DECLARED_BPS;
  return declared > held * 1.1 + 1 && !isLie ? cutShort() : undefined;
}

/** Of pictures, every one counts: where nothing is trimmed, their number must be right; of sound, what players tolerate may be missing. */
function isCutShort({ stream, totals }: Track): boolean {
  const declared = toNumber(stream.duration);
  const held = totals.end - totals.firstPts;
  if (stream.codec_type !== 'video') return declared > held * 1.1 + 1;
  const pictures = toNumber(stream.nb_frames);
  const isTrimmed = declared > 0 && pictures * totals.medianStep > declared * 1.02;
  if (isTrimmed) return held < declared * 0.99 - 2 * totals.medianStep;
  return totals.read < pictures * 0.99 - 1;
}

function cutShort(): SourceFailure {
  return malformed(
    'The file is cut short: its header promises more than it holds. Upload it again.',
  );
}

function badLength(
  tracks: readonly (Track | undefined)[],
  start: number,
  maxDurationSeconds: number,
): SourceFailure | undefined {
  const seconds = Math.max(...tracks.map((track) => (track?.totals.end ?? -Infinity) - start));
  if (seconds > maxDurationSeconds) {
    return {
      code: 'ERR_DURATION_EXCEED_CONSTRAINT',
      message: `The video lasts ${Math.ceil(seconds)} seconds; at most ${maxDurationSeconds} are allowed.`,
    };
  }
  const longest = Math.max(...tracks.map((track) => lengthOf(track)));
  if (longest >= MIN_DURATION_SECONDS) return undefined;
  return {
    code: 'ERR_DURATION_TOO_SHORT',
    message: 'The video is shorter than a tenth of a second.',
  };
}

function lengthOf(track: Track | undefined): number {
  return track === undefined ? -Infinity : track.totals.end - track.totals.firstPts;
}

function outOfProportion(video: Track | undefined): SourceFailure | undefined {
  if (video === undefined) return undefined;
  const { numerator, denominator } = rateOf(video.totals);
  const frames = (lengthOf(video) * numerator) / denominator;
  if (frames <= video.totals.count * MAX_FRAMES_PER_PACKET) return undefined;
  return malformed(
    'The times in the file cannot be right: it holds far too few pictures for its length.',
  );
}

function factsOf(
  format: ProbeFormat,
  video: Track | undefined,
  audio: readonly AudioTrack[],
): SourceFacts {
  const fileStart = toNumber(format.start_time);
  const skip = video === undefined ? 0 : skipOf(video, fileStart);
  const start = fileStart + skip;
  const ends = audio.map(({ totals }) => totals.end);
  const end = Math.max(video?.totals.end ?? -Infinity, ...ends);
  return {
    container: format.format_name ?? 'unknown',
    durationSeconds: rounded(end - start),
    ...(video === undefined
      ? {}
      : { video: { ...videoFacts(video, start, format), ...skipped(skip) } }),
    audio: audio.map((track) => ({ ...audioFacts(track, start), ...skipped(skip) })),
  };
}

function skipOf({ totals }: Track, fileStart: number): number {
  return rounded(gridSkip(Math.max(0, totals.firstPts - fileStart), rateOf(totals)));
}

function skipped(skip: number): { skipSeconds?: number } {
  return skip === 0 ? {} : { skipSeconds: skip };
}

function videoFacts({ stream, totals }: Track, start: number, format: ProbeFormat): VideoFacts {
  const rotation = rotationOf(stream);
  const [width, height] = displayedSize(stream, rotation);
  const space = stream.color_space;
  return {
    codec: stream.codec_name ?? 'unknown',
    width,
    height,
    rotation,
    frameRate: rateOf(totals),
    pixelFormat: stream.pix_fmt ?? 'unknown',
    interlaced: !PROGRESSIVE.has(stream.field_order ?? 'unknown'),
    hdr: HDR_TRANSFERS.has(stream.color_transfer ?? ''),
    ...timesOf({ ...totals, end: endOfPictures(totals) }, start),
    packets: totals.count,
    ...(totals.longestKeyStep > 0 && { keyFrameSeconds: rounded(totals.longestKeyStep) }),
    ...(isUntimed(format.format_name, stream) && { pictureSeconds: 1 / averageRate(totals) }),
    ...(hasAlpha(stream) && { alpha: true }),
    ...(space === undefined || space === 'unknown' ? {} : { colorSpace: space }),
  };
}

function audioFacts({ stream, totals, track }: AudioTrack, start: number): AudioFacts {
  const { language, title } = stream.tags ?? {};
  return {
    track,
    codec: stream.codec_name ?? 'unknown',
    channels: Math.max(1, stream.channels ?? 1),
    sampleRate: toNumber(stream.sample_rate) || 48_000,
    ...timesOf(totals, start),
    packets: totals.count,
    ...(language === undefined || language === 'und' ? {} : { language }),
    ...(title === undefined || title === '' ? {} : { title: title.slice(0, MAX_TITLE_LENGTH) }),
  };
}

/** ffmpeg shifts the file's earliest time to 0; what still begins before it is cut off. */
function timesOf(
  totals: PacketTotals,
  start: number,
): { durationSeconds: number; startSeconds: number } {
  const first = Math.max(totals.firstPts, start);
  return { startSeconds: rounded(first - start), durationSeconds: rounded(totals.end - first) };
}

/** A last picture that an edit list cuts short is shown for a frame, too. */
function endOfPictures(totals: PacketTotals): number {
  const { numerator, denominator } = rateOf(totals);
  return Math.max(totals.end, totals.lastPts + (SHORTEST_PICTURE * denominator) / numerator);
}

function rateOf(totals: PacketTotals): ReturnType<typeof snapFrameRate> {
  return snapFrameRate(averageRate(totals), totals.medianStep);
}

function averageRate({ count, firstPts, lastPts, end }: PacketTotals): number {
  return lastPts > firstPts ? (count - 1) / (lastPts - firstPts) : count / (end - firstPts);
}

/** WebM says it in a tag, since its decoder passes over it. */
function hasAlpha({ pix_fmt: format = '', tags }: ProbeStream): boolean {
  return tags?.alpha_mode === '1' || ALPHA_FORMAT.test(format);
}

/** ffprobe counts counter-clockwise. */
function rotationOf(stream: ProbeStream): number {
  const turned = stream.side_data_list?.find((each) => each.rotation !== undefined)?.rotation ?? 0;
  return (((Math.round(-turned / 90) * 90) % 360) + 360) % 360;
}

function displayedSize(stream: ProbeStream, rotation: number): [number, number] {
  const { width = 1, height = 1 } = stream;
  const [x = 1, y = 1] = (stream.sample_aspect_ratio ?? '1:1').split(':').map(Number);
  const square = x > 0 && y > 0 ? Math.max(1, Math.round((width * x) / y)) : width;
  return rotation % 180 === 0 ? [square, height] : [height, square];
}

function isCover(stream: ProbeStream): boolean {
  return stream.codec_type === 'video' && stream.disposition?.attached_pic === 1;
}

function malformed(message: string): SourceFailure {
  return { code: 'ERR_MALFORMED_VIDEO', message };
}

function fail(code: SourceFailureCode, message: string): SourceVerdict {
  return { failure: { code, message } };
}

function toNumber(text: string | undefined): number {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) ? value : 0;
}

/** Microseconds, as ffprobe prints them: sums of floating point numbers are not facts. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1_000_000) / 1_000_000;
}
