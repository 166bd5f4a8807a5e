import type {
  AudioFacts,
  AudioRendition,
  SegmentSpan,
  SourceFacts,
} from '../../src/contracts/media.ts';
import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import {
  planAudioRendition,
  planSurroundRendition,
  planVideoLadder,
} from '../../src/media/ladder.ts';
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
export function planTasks(facts: SourceFacts): PlannedTask[] {
  const segments = facts.video && planVideoSegments(facts.video);
  const edges = facts.video && segments ? edgesInSeconds(segments, facts.video.frameRate) : [];
  const [first, ...others] = planVideoTasks(facts, segments);
  const sound = facts.audio.map((audio) => planAudio(audio, planAudioRendition(audio), edges));
  const surround = facts.audio.flatMap((audio) => {
    const rendition = planSurroundRendition(audio);
    return rendition === undefined ? [] : [planAudio(audio, rendition, edges)];
  });
  const measure = facts.video === undefined ? sound[0] : undefined;
  return [
    ...(first ? [first] : []),
    ...sound.map((task) => (task === measure ? withFrames(task) : task)),
    ...planPoster(facts),
    ...others,
    ...surround,
  ];
}

/** Without pictures the first track's frames are the measure of progress. */
function withFrames(task: PlannedTask): PlannedTask {
  return { ...task, frames: task.spec.kind === 'audio' ? lengthOf(task.spec.segments) : 0 };
}

function planAudio(
  audio: AudioFacts,
  rendition: AudioRendition,
  videoEdges: readonly number[],
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
      segments: planAudioSegments(audio, rendition, videoEdges),
    },
    frames: 0,
  };
}

function planVideoTasks(facts: SourceFacts, segments: readonly SegmentSpan[] = []): PlannedTask[] {
  const { video } = facts;
  if (video === undefined) return [];
  const renditions = planVideoLadder(video);
  const groups = groupIntoTasks(segments);
  return groups.map((group, index) => ({
    id: `video-${index}`,
    spec: {
      kind: 'video',
      facts: video,
      renditions,
      segments: group,
      isLast: index === groups.length - 1,
    },
    frames: lengthOf(group),
  }));
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

function lengthOf(segments: readonly SegmentSpan[]): number {
  return (segments.at(-1)?.end ?? 0) - (segments[0]?.start ?? 0);
}
