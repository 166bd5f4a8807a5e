import type { RenditionMap, SegmentEntry, SegmentMap } from '../../src/contracts/media.ts';
import { taskOutputKey } from '../../src/contracts/object-keys.ts';
import type { AcceptedRendition } from './accepted-output.ts';
import type { JobState, TaskRecord } from './job-state.ts';

interface Piece {
  readonly rendition: AcceptedRendition;
  /** Index of the task's first part among the map's objects. */
  readonly firstObject: number;
  readonly spec: TaskRecord['spec'];
}

/** Joins the accepted outputs of a finished job. Throws when a rendition's tasks do not share one init segment. */
export function buildSegmentMap(state: JobState): SegmentMap {
  const objects: string[] = [];
  const pieces = new Map<string, Piece[]>();
  let poster: SegmentMap['poster'];
  let storyboard: SegmentMap['storyboard'];
  const dropped = droppedRenditions(state);
  for (const task of state.tasks) {
    if (task.output === undefined || namesOf(task).some((name) => dropped.has(name))) continue;
    const firstObject = objects.length;
    objects.push(...outputKeys(state, task));
    const whole = { object: firstObject, offset: 0, length: task.output.parts[0] ?? 0 };
    if (task.spec.kind === 'poster') poster = whole;
    if (task.spec.kind === 'storyboard') storyboard = { ...whole, ...task.spec.layout };
    for (const rendition of task.output.renditions) {
      const list = pieces.get(rendition.name) ?? [];
      pieces.set(rendition.name, [...list, { rendition, firstObject, spec: task.spec }]);
    }
  }
  const renditions = [...pieces.values()].map(joinRendition);
  const longest = Math.max(...renditions.map((map) => secondsOf(map)));
  return {
    version: 1,
    objects,
    renditions,
    durationSeconds: longest,
    ...(poster && { poster }),
    ...(storyboard && { storyboard }),
  };
}

/** Renditions that lack a part for good: one of their tasks was given up. */
function droppedRenditions({ tasks }: JobState): ReadonlySet<string> {
  return new Set(tasks.filter(({ output }) => output === undefined).flatMap(namesOf));
}

function namesOf({ spec }: TaskRecord): string[] {
  return spec.kind === 'video' ? spec.renditions.map(({ name }) => name) : [];
}

/** Object keys of a task's accepted output. */
export function outputKeys(state: JobState, task: TaskRecord): string[] {
  const { uid, revision } = state;
  const { epoch, parts } = task.output ?? { epoch: 0, parts: [] };
  return parts.map((_, part) => taskOutputKey({ uid, revision, taskId: task.id, epoch, part }));
}

function joinRendition(pieces: readonly Piece[]): RenditionMap {
  const [first] = pieces;
  if (first === undefined) throw new Error('a rendition without tasks');
  const { rendition, firstObject, spec } = first;
  if (pieces.some((piece) => piece.rendition.initHash !== rendition.initHash)) {
    throw new Error(`the tasks of rendition ${rendition.name} have different init segments`);
  }
  const segments = pieces.flatMap((piece) =>
    piece.rendition.segments.map((segment) => toEntry(piece, segment)),
  );
  const { part, offset, length } = rendition.init;
  return {
    name: rendition.name,
    codecs: rendition.codecs,
    timescale: rendition.timescale,
    startTicks: rendition.startTicks,
    ...describeSpec(spec, rendition.name),
    ...measureBandwidth(segments, rendition.timescale),
    init: { object: firstObject + part, offset, length },
    segments,
  };
}

function toEntry(piece: Piece, segment: AcceptedRendition['segments'][number]): SegmentEntry {
  const { part, ...entry } = segment;
  return { object: piece.firstObject + part, ...entry };
}

function describeSpec(
  spec: TaskRecord['spec'],
  name: string,
): Pick<RenditionMap, 'kind'> & Partial<RenditionMap> {
  if (spec.kind === 'audio') {
    const { track, language, title } = spec.facts;
    return {
      kind: 'audio',
      channels: spec.rendition.channels,
      track,
      ...(language !== undefined && { language }),
      ...(title !== undefined && { title }),
    };
  }
  const rung =
    spec.kind === 'video' ? spec.renditions.find((each) => each.name === name) : undefined;
  if (spec.kind !== 'video' || rung === undefined)
    throw new Error(`a ${spec.kind} task has no rendition ${name}`);
  return { kind: 'video', width: rung.width, height: rung.height, frameRate: spec.facts.frameRate };
}

/** BANDWIDTH is the worst segment, AVERAGE-BANDWIDTH the whole (RFC 8216 §4.3.4.2), in bits per second. */
function measureBandwidth(
  segments: readonly SegmentEntry[],
  timescale: number,
): Pick<RenditionMap, 'bandwidthBps' | 'averageBandwidthBps'> {
  const bits = (length: number): number => length * 8 * timescale;
  const worst = Math.max(
    ...segments.map(({ length, durationTicks }) => bits(length) / durationTicks),
  );
  const bytes = segments.reduce((sum, { length }) => sum + length, 0);
  const ticks = segments.reduce((sum, { durationTicks }) => sum + durationTicks, 0);
  return { bandwidthBps: Math.ceil(worst), averageBandwidthBps: Math.ceil(bits(bytes) / ticks) };
}

function secondsOf(map: RenditionMap): number {
  return map.segments.reduce((sum, { durationTicks }) => sum + durationTicks, 0) / map.timescale;
}
