import type {
  AudioFacts,
  Rational,
  SegmentSpan,
  SourceFacts,
  VideoFacts,
} from '../contracts/media.ts';

/** Seconds of the first segments, short so that playback starts early; every later one has the last length. */
const SEGMENT_SECONDS = [2, 4, 6] as const;
/** A tail shorter than this joins the segment before it. */
const SHORTEST_TAIL_SECONDS = 1;
/** Segments of the first tasks; every later task has the last number: about 30 s. */
const SEGMENTS_PER_TASK = [2, 2, 5] as const;
/** Samples of an AAC frame. */
export const AAC_FRAME_SAMPLES = 1024;

/** The boundary table: the same for every rendition and in every playlist. */
export interface Timeline {
  /** Cut points of the video in frames of its frame rate; absent without video. */
  readonly video?: readonly SegmentSpan[];
  /** Cut points of the audio in AAC frames, the priming frame being frame 0; absent without audio. */
  readonly audio?: readonly SegmentSpan[];
}

/** Fixes the boundaries: video on its frame grid, audio at the AAC frame nearest to each video edge. */
export function planTimeline(facts: SourceFacts, audioSampleRate: number): Timeline {
  const video = facts.video && planVideo(facts.video);
  const edges = facts.video && video ? edgesInSeconds(video, facts.video.frameRate) : [];
  const audio = facts.audio && planAudio(facts.audio, audioSampleRate, edges);
  return { ...(video && { video }), ...(audio && { audio }) };
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

function planVideo(video: VideoFacts): SegmentSpan[] {
  const { numerator, denominator } = video.frameRate;
  const nominal = numerator / denominator;
  const framesOf = (seconds: number): number =>
    Math.max(1, Math.round(seconds * Math.max(1, Math.round(nominal))));
  return cut(totalFrames(video), framesOf);
}

function planAudio(
  audio: AudioFacts,
  sampleRate: number,
  videoEdges: readonly number[],
): SegmentSpan[] {
  const framesIn = (seconds: number): number =>
    Math.round((seconds * sampleRate) / AAC_FRAME_SAMPLES);
  const total = framesIn(audio.startSeconds + audio.durationSeconds) + 1;
  if (videoEdges.length === 0) return cut(Math.max(2, total), framesIn);
  const edges = videoEdges.map((seconds) => framesIn(seconds) + 1);
  const step = framesIn(SEGMENT_SECONDS[2]);
  for (let next = (edges.at(-1) ?? 0) + step; next < total; next += step) edges.push(next);
  const shortest = framesIn(SHORTEST_TAIL_SECONDS);
  return spansBetween([...edges.filter((edge) => edge <= total - shortest), Math.max(2, total)]);
}

function cut(total: number, framesOf: (seconds: number) => number): SegmentSpan[] {
  const ends: number[] = [];
  let at = 0;
  while (at < total) {
    const seconds = SEGMENT_SECONDS[Math.min(ends.length, SEGMENT_SECONDS.length - 1)] ?? 6;
    at = Math.min(total, at + framesOf(seconds));
    if (total - at < framesOf(SHORTEST_TAIL_SECONDS)) at = total;
    ends.push(at);
  }
  return spansBetween(ends);
}

function spansBetween(ends: readonly number[]): SegmentSpan[] {
  return ends.map((end, index) => ({ start: ends[index - 1] ?? 0, end }));
}

function edgesInSeconds(segments: readonly SegmentSpan[], rate: Rational): number[] {
  return segments.map((segment) => (segment.end * rate.denominator) / rate.numerator);
}
