import type {
  AudioFacts,
  AudioRendition,
  SegmentSpan,
  SourceFacts,
} from '../../src/contracts/media.ts';
import { STANDARD_PROFILE } from '../../src/contracts/profile.ts';
import type { EncodeSettings, VideoCodec } from '../../src/contracts/profile.ts';
import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import {
  planAudioRendition,
  planOtherCodec,
  planSurroundRendition,
  planVideoLadder,
} from '../../src/media/ladder.ts';
import { planStoryboard } from '../../src/media/storyboard.ts';
import {
  edgesInSeconds,
  groupIntoTasks,
  isCopied,
  planAudioSegments,
  planVideoSegments,
} from '../../src/media/timeline.ts';

export interface PlannedTask {
  readonly id: string;
  readonly spec: TaskSpec;
  /** What the task adds to the job's progress: frames of video, or of audio where there is no video. */
  readonly frames: number;
}

const POSTER_AT_SHARE = 0.1;
const POSTER_LATEST_SECONDS = 10;

/** Everything to be made of a source, most urgent first: the start of the video, its sound, the poster, then onward. */
export function planTasks(
  facts: SourceFacts,
  settings: EncodeSettings = STANDARD_PROFILE.settings,
  encoders: readonly VideoCodec[] = ['h264'],
): PlannedTask[] {
  const { segmentSeconds } = settings;
  const segments = facts.video && planVideoSegments(facts.video, segmentSeconds);
  const edges = facts.video && segments ? edgesInSeconds(segments, facts.video.frameRate) : [];
  const [first, ...others] = planVideoTasks(facts, settings, segments);
  const cuts = { edges, segmentSeconds };
  const sound = facts.audio.map((audio) => planAudio(audio, planAudioRendition(audio), cuts));
  const surround = facts.audio.flatMap((audio) => {
    const rendition = planSurroundRendition(audio);
    return rendition === undefined ? [] : [planAudio(audio, rendition, cuts)];
  });
  const measure = facts.video === undefined ? sound[0] : undefined;
  return [
    ...(first ? [first] : []),
    ...sound.map((task) => (task === measure ? withFrames(task) : task)),
    ...planPoster(facts),
    ...others,
    ...surround,
    ...planOtherCodecs(facts, { settings, encoders, segments: segments ?? [] }),
    ...planPictures(facts),
  ];
}

/** Without pictures the first track's frames are the measure of progress. */
function withFrames(task: PlannedTask): PlannedTask {
  return { ...task, frames: task.spec.kind === 'audio' ? lengthOf(task.spec.segments) : 0 };
}

function planAudio(
  audio: AudioFacts,
  rendition: AudioRendition,
  cuts: { readonly edges: readonly number[]; readonly segmentSeconds: number },
): PlannedTask {
  return {
    id: rendition.name,
    spec: {
      kind: 'audio',
      facts: audio,
      rendition,
      ...(isCopied(rendition) && {
        startTick: Math.round(audio.startSeconds * rendition.sampleRate),
      }),
      segments: planAudioSegments(audio, rendition, cuts.edges, cuts.segmentSeconds),
    },
    frames: 0,
  };
}

function planVideoTasks(
  { video }: SourceFacts,
  settings: EncodeSettings,
  segments: readonly SegmentSpan[] = [],
): PlannedTask[] {
  if (video === undefined) return [];
  const renditions = planVideoLadder(video, settings.renditions);
  return videoTasks(
    'video',
    { facts: video, renditions, encode: encodeOf(settings) },
    segments,
  ).map(({ task, frames }) => ({ ...task, frames }));
}

interface OtherCodecs {
  readonly settings: EncodeSettings;
  readonly encoders: readonly VideoCodec[];
  readonly segments: readonly SegmentSpan[];
}

/** The wanted codecs beside H.264 that this engine has; the video is published with or without them. */
function planOtherCodecs(
  { video }: SourceFacts,
  { settings, encoders, segments }: OtherCodecs,
): PlannedTask[] {
  if (video === undefined) return [];
  const ladder = planVideoLadder(video, settings.renditions);
  return settings.codecs.flatMap((codec) => {
    if (codec === 'h264' || !encoders.includes(codec)) return [];
    const renditions = planOtherCodec(ladder, codec);
    return videoTasks(
      codec,
      { facts: video, renditions, encode: encodeOf(settings) },
      segments,
    ).map(({ task }) => task);
  });
}

type VideoSpec = Extract<TaskSpec, { kind: 'video' }>;

/** The same encode of every group of segments. */
function videoTasks(
  name: string,
  spec: Pick<VideoSpec, 'facts' | 'renditions' | 'encode'>,
  segments: readonly SegmentSpan[],
): { readonly task: PlannedTask; readonly frames: number }[] {
  const groups = groupIntoTasks(segments);
  return groups.map((group, index) => ({
    task: {
      id: `${name}-${index}`,
      spec: { kind: 'video', ...spec, segments: group, isLast: index === groups.length - 1 },
      frames: 0,
    },
    frames: lengthOf(group),
  }));
}

function encodeOf({ quality, preset }: EncodeSettings): { quality: number; preset: string } {
  return { quality, preset };
}

function planPoster(facts: SourceFacts): PlannedTask[] {
  const { video } = facts;
  const [top] = video ? planVideoLadder(video) : [];
  if (video === undefined || top === undefined) return [];
  const atSeconds =
    video.startSeconds + Math.min(video.durationSeconds * POSTER_AT_SHARE, POSTER_LATEST_SECONDS);
  return [
    {
      id: 'poster',
      spec: { kind: 'poster', facts: video, atSeconds, width: top.width, height: top.height },
      frames: 0,
    },
  ];
}

function planPictures({ video }: SourceFacts): PlannedTask[] {
  if (video === undefined) return [];
  return [{ id: 'storyboard', spec: { kind: 'storyboard', ...planStoryboard(video) }, frames: 0 }];
}

function lengthOf(segments: readonly SegmentSpan[]): number {
  return (segments.at(-1)?.end ?? 0) - (segments[0]?.start ?? 0);
}
