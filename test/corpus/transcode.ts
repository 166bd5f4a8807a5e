import type { ByteSpan, SegmentMap, SourceFacts } from '../../src/contracts/media.ts';
import { taskOutputKey } from '../../src/contracts/object-keys.ts';
import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import { renderMediaPlaylist, renderMultivariantPlaylist } from '../../src/media/hls.ts';
import { buildSegmentMap } from '../../workers/transcoder/build-segment-map.ts';
import { createJob } from '../../workers/transcoder/job-state.ts';
import type { TaskRecord } from '../../workers/transcoder/job-state.ts';
import { planTasks } from '../../workers/transcoder/plan-tasks.ts';
import type { PlannedTask } from '../../workers/transcoder/plan-tasks.ts';
import { verifyOutput } from '../../workers/transcoder/verify-output.ts';
import { postTask, readLines, requestFor, startCallback } from '../unit/encoder-harness.ts';
import type { Encoder, FakeCallback, Outcome } from '../unit/encoder-harness.ts';
import { memoryBucket } from './memory-bucket.ts';

const REVISION = '1';
const UID = 'c'.repeat(32);
const MAX_DURATION_SECONDS = 3600;

/** A finished job as a player sees it, and what the probe said. */
export interface Published {
  readonly facts: SourceFacts;
  readonly map: SegmentMap;
  readonly multivariant: string;
  /** A JPEG; empty without pictures. */
  readonly poster: Buffer;
  /** The text or the bytes at an address relative to the multivariant playlist, as the platform would answer it. */
  readonly fetch: (uri: string) => Buffer;
}

/** The encoder says no; `code` and `message` are what the uploader gets. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: string;

  constructor(failure: Extract<Outcome, { type: 'failure' }>) {
    super(failure.message);
    this.code = failure.code;
    this.cause = failure.detail;
  }
}

export interface TranscodeOptions {
  /** Cuts the video into one task a segment, so that short clips have joints, too. */
  readonly oneSegmentPerTask?: boolean;
}

let jobs = 0;

/** Does what the platform does with a source, by its own planner, verifier and playlists, and a real encoder. */
export async function transcode(
  encoder: Encoder,
  source: Buffer,
  options: TranscodeOptions = {},
): Promise<Published> {
  const jobId = `job_corpus${jobs++}`;
  const callback = await startCallback(source);
  const run = { encoder, callback, jobId, sizeBytes: source.length };
  try {
    const facts = await probeSource(run);
    const planned = planTasks(facts);
    const tasks = options.oneSegmentPerTask === true ? planned.flatMap(splitTask) : planned;
    const objects = new Map<string, Buffer>();
    const records: TaskRecord[] = [];
    for (const task of tasks) records.push(await encodeTask(run, task, objects));
    return publish(facts, records, objects);
  } finally {
    await callback.close();
  }
}

interface Run {
  readonly encoder: Encoder;
  readonly callback: FakeCallback;
  readonly jobId: string;
  readonly sizeBytes: number;
}

async function runTask(run: Run, spec: TaskSpec): Promise<Extract<Outcome, { type: 'result' }>> {
  run.callback.parts.clear();
  const request = requestFor(run.callback, run.sizeBytes, spec, run.jobId);
  const last = (await readLines(await postTask(run.encoder, request))).at(-1);
  if (last === undefined || last.type === 'progress') throw new Error('the encoder broke off');
  if (last.type === 'failure') throw new Refused(last);
  return last;
}

async function probeSource(run: Run): Promise<SourceFacts> {
  const { result } = await runTask(run, {
    kind: 'probe',
    maxDurationSeconds: MAX_DURATION_SECONDS,
  });
  if (result.kind !== 'probe') throw new Error('not the answer to a probe');
  return result.facts;
}

function splitTask(task: PlannedTask): PlannedTask[] {
  const { spec } = task;
  if (spec.kind !== 'video') return [task];
  return spec.segments.map((segment, index) => ({
    ...task,
    id: `${task.id}-${index}`,
    spec: {
      ...spec,
      segments: [segment],
      isLast: spec.isLast && index === spec.segments.length - 1,
    },
  }));
}

async function encodeTask(
  run: Run,
  task: PlannedTask,
  objects: Map<string, Buffer>,
): Promise<TaskRecord> {
  const { id, spec, frames } = task;
  const { result } = await runTask(run, spec);
  if (result.kind === 'probe') throw new Error('a probe answered a media task');
  const keyOf = (part: number): string =>
    taskOutputKey({ uid: UID, revision: REVISION, taskId: id, epoch: 1, part });
  for (const [part, bytes] of run.callback.parts) objects.set(keyOf(part), bytes);
  const onProgress = (): void => undefined;
  const stored = { bucket: memoryBucket(objects), keyOf, spec, epoch: 1, onProgress };
  const output = await verifyOutput(stored, result);
  const done = { state: 'done', epoch: 1, notBefore: 0, attempts: [] } as const;
  return { id, spec, ...done, framesDone: frames, framesPlanned: frames, output };
}

function publish(
  facts: SourceFacts,
  tasks: readonly TaskRecord[],
  objects: ReadonlyMap<string, Buffer>,
): Published {
  const job = createJob(
    {
      id: 'job_corpus',
      uid: UID,
      accountId: 'default',
      revision: REVISION,
      sourceSizeBytes: 1,
      maxDurationSeconds: MAX_DURATION_SECONDS,
    },
    0,
  );
  const map = buildSegmentMap({ ...job, tasks });
  const multivariant = renderMultivariantPlaylist(map, REVISION);
  const poster = map.poster === undefined ? Buffer.alloc(0) : cut(map, objects, map.poster);
  return { facts, map, multivariant, poster, fetch: (uri) => answer(map, objects, uri) };
}

function answer(map: SegmentMap, objects: ReadonlyMap<string, Buffer>, uri: string): Buffer {
  const match = /^\.\.\/media\/1\/([^/]+)\/([^/]+)$/.exec(uri);
  const rendition = map.renditions.find(({ name }) => name === match?.[1]);
  const file = match?.[2] ?? '';
  if (rendition === undefined) throw new Error(`nothing is at ${uri}`);
  if (file === 'playlist.m3u8') return Buffer.from(renderMediaPlaylist(rendition));
  const span =
    file === 'init.mp4' ? rendition.init : rendition.segments[Number(file.replace('.m4s', ''))];
  if (span === undefined) throw new Error(`nothing is at ${uri}`);
  return cut(map, objects, span);
}

function cut(map: SegmentMap, objects: ReadonlyMap<string, Buffer>, span: ByteSpan): Buffer {
  const object = objects.get(map.objects[span.object] ?? '') ?? Buffer.alloc(0);
  return object.subarray(span.offset, span.offset + span.length);
}
