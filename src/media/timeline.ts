import type {
  AudioFacts,
  AudioRendition,
  Rational,
  SegmentSpan,
  VideoFacts,
} from '../contracts/media.ts';

/** Seconds of the first segments, short so that playback starts early; every later one has the wanted length. */
const FIRST_SECONDS = [2, 4] as const;
const USUAL_SECONDS = 6;
/** A tail shorter than this joins the segment before it. */
const SHORTEST_TAIL_SECONDS = 1;
/** Segments of the first tasks; every later task has the last number: about 30 s. */
const SEGMENTS_PER_TASK = [2, 2, 5] as const;
/** Samples of an AAC frame. */
export const AAC_FRAME_SAMPLES = 1024;
/** Samples of a frame of AC-3 and of nearly all E-AC-3 (ETSI TS 102 366). */
const SURROUND_FRAME_SAMPLES = 1536;

/** True for sound that is taken from the source as it is. */
export function isCopied({ codec }: AudioRendition): boolean {
  return codec === 'ac3' || codec === 'eac3';
}

/** Samples of one frame of a rendition's codec. */
export function frameSamples(rendition: AudioRendition): number {
  return isCopied(rendition) ? SURROUND_FRAME_SAMPLES : AAC_FRAME_SAMPLES;
}

/** The boundary table of the video, in frames of its frame rate: the same for every rendition and in every playlist. */
export function planVideoSegments(
  video: VideoFacts,
  segmentSeconds: number = USUAL_SECONDS,
): SegmentSpan[] {
  const { numerator, denominator } = video.frameRate;
  const nominal = numerator / denominator;
  const framesOf = (seconds: number): number =>
    Math.max(1, Math.round(seconds * Math.max(1, Math.round(nominal))));
  return cut(totalFrames(video), framesOf, segmentSeconds);
}

/**
 * The cut points of one audio rendition, each at the frame nearest to a video edge, in frames of its codec.
 * Frame 0 of AAC is the priming frame; frame 0 of a copied track is its first packet, wherever that begins.
 */
export function planAudioSegments(
  audio: AudioFacts,
  rendition: AudioRendition,
  videoEdges: readonly number[],
  segmentSeconds: number = USUAL_SECONDS,
): SegmentSpan[] {
  const framesIn = (seconds: number): number =>
    Math.round((seconds * rendition.sampleRate) / frameSamples(rendition));
  const [origin, priming] = isCopied(rendition) ? [audio.startSeconds, 0] : [0, 1];
  const total = isCopied(rendition)
    ? audio.packets
    : Math.max(2, framesIn(audio.startSeconds + audio.durationSeconds) + priming);
  if (videoEdges.length === 0) return cut(total, framesIn, segmentSeconds);
  const edges = videoEdges.map((seconds) => framesIn(seconds - origin) + priming);
  const step = framesIn(segmentSeconds);
  for (let next = (edges.at(-1) ?? 0) + step; next < total; next += step) edges.push(next);
  const shortest = framesIn(SHORTEST_TAIL_SECONDS);
  return spansBetween([...edges.filter((edge) => edge > 0 && edge <= total - shortest), total]);
}

/** Where the segments of a video end, in seconds. */
export function edgesInSeconds(segments: readonly SegmentSpan[], rate: Rational): number[] {
  return segments.map((segment) => (segment.end * rate.denominator) / rate.numerator);
}

/** Groups segments into encode tasks: the first ones short, then about 30 s each. */
export function groupIntoTasks(segments: readonly SegmentSpan[]): SegmentSpan[][] {
  const tasks: SegmentSpan[][] = [];
  for (let at = 0; at < segments.length;) {
    const size = SEGMENTS_PER_TASK[Math.min(tasks.length, SEGMENTS_PER_TASK.length - 1)] ?? 1;
    tasks.push(segments.slice(at, at + size));
    at += size;
  }
  return tasks;
}

/** Frames of a video from the start of the file's timeline to the end of its last picture; at least one. */
export function totalFrames(video: VideoFacts): number {
  const { numerator, denominator } = video.frameRate;
  return Math.max(
    1,
    Math.round(((video.startSeconds + video.durationSeconds) * numerator) / denominator),
  );
}

function cut(
  total: number,
  framesOf: (seconds: number) => number,
  segmentSeconds: number,
): SegmentSpan[] {
  const ends: number[] = [];
  let at = 0;
  while (at < total) {
    const seconds = Math.min(segmentSeconds, FIRST_SECONDS[ends.length] ?? segmentSeconds);
    at = Math.min(total, at + framesOf(seconds));
    if (total - at < framesOf(SHORTEST_TAIL_SECONDS)) at = total;
    ends.push(at);
  }
  return spansBetween(ends);
}

function spansBetween(ends: readonly number[]): SegmentSpan[] {
  return ends.map((end, index) => ({ start: ends[index - 1] ?? 0, end }));
}
