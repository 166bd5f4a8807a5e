import type { SegmentSpan, SourceFacts } from '../../src/contracts/media.ts';
import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import { planAudioRendition, planVideoLadder } from '../../src/media/ladder.ts';
import { groupIntoTasks, planTimeline } from '../../src/media/timeline.ts';

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
  const rendition = facts.audio && planAudioRendition(facts.audio);
  const timeline = planTimeline(facts, rendition?.sampleRate ?? 0);
  const [first, ...others] = planVideoTasks(facts, timeline.video);
  const audio: PlannedTask[] = [];
  if (facts.audio && rendition && timeline.audio) {
    const frames = facts.video === undefined ? lengthOf(timeline.audio) : 0;
    audio.push({
      id: 'audio',
      spec: { kind: 'audio', facts: facts.audio, rendition, segments: [...timeline.audio] },
      frames,
    });
  }
  return [...(first ? [first] : []), ...audio, ...planPoster(facts), ...others];
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
