import { createHash } from 'node:crypto';

import { AppError } from '../../src/contracts/errors.ts';
import type { SegmentSpan } from '../../src/contracts/media.ts';
import type { RenditionReport, TaskResult, TaskSpec } from '../../src/contracts/task-protocol.ts';
import { readInit } from '../../src/media/codec-string.ts';
import type { InitFacts } from '../../src/media/codec-string.ts';
import { readFragmentHeader } from '../../src/media/fmp4-fragment.ts';
import { frameSamples } from '../../src/media/timeline.ts';
import type { AcceptedOutput, AcceptedRendition, AcceptedSegment } from './accepted-output.ts';

/** Bytes of an `mdat` header, which are read together with the `moof`. */
const MDAT_HEADER_BYTES = 16;
/** As many connections as the platform lets one invocation hold open. */
const PARALLEL_READS = 6;
const READ_TRIES = 3;
const READ_PAUSE_MS = 500;

type MediaResult = Exclude<TaskResult, { kind: 'probe' }>;
type MediaSpec = Extract<TaskSpec, { kind: 'video' | 'audio' }>;

export interface StoredOutput {
  readonly bucket: R2Bucket;
  /** Object key of an output part. */
  readonly keyOf: (part: number) => string;
  readonly spec: TaskSpec;
  readonly epoch: number;
  /** Called as the reads come back: long audio has thousands. What it throws ends the check. */
  readonly onProgress: () => void;
}

/**
 * Checks what an attempt stored against what its task asked for: the hash of every byte as it is read back, and in every
 * segment's `moof` the sample count, duration, decode time and leading sync sample. Throws a sentence for the attempts table,
 * or `storage.unavailable` when it could not be checked.
 */
export async function verifyOutput(
  stored: StoredOutput,
  result: MediaResult,
): Promise<AcceptedOutput> {
  const etags = await Promise.all(
    result.parts.map((part, index) => verifyPart(stored, index, part)),
  );
  const parts = result.parts.map(({ sizeBytes }) => sizeBytes);
  if (result.kind !== 'media') {
    if (result.kind !== stored.spec.kind)
      throw new Error(`a ${result.kind} was reported for a ${stored.spec.kind} task`);
    await verifyJpeg(stored);
    return { epoch: stored.epoch, parts, etags, renditions: [] };
  }
  if (stored.spec.kind !== 'video' && stored.spec.kind !== 'audio')
    throw new Error(`media was reported for a ${stored.spec.kind} task`);
  const names =
    stored.spec.kind === 'video'
      ? stored.spec.renditions.map(({ name }) => name)
      : [stored.spec.rendition.name];
  const renditions: AcceptedRendition[] = [];
  for (const name of names) {
    const report = result.renditions.find((each) => each.name === name);
    if (report === undefined) throw new Error(`rendition ${name} is missing`);
    renditions.push(await verifyRendition(stored, stored.spec, report));
  }
  return { epoch: stored.epoch, parts, etags, renditions };
}

/** Answers the ETag of the object that was checked. */
async function verifyPart(
  stored: StoredOutput,
  index: number,
  part: MediaResult['parts'][number],
): Promise<string> {
  const found = await fromStore(async () => {
    const object = await stored.bucket.get(stored.keyOf(index));
    if (object === null) return null;
    const { size, etag, body } = object;
    return { size, etag, sha256: await hashOf(body, stored.onProgress) };
  });
  if (found === null) throw new Error(`output part ${index} is not in the store`);
  if (found.size !== part.sizeBytes)
    throw new Error(`output part ${index} has ${found.size} bytes, reported ${part.sizeBytes}`);
  if (found.sha256 !== part.sha256)
    throw new Error(`output part ${index} has another hash than reported`);
  return found.etag;
}

/** Tries a read again. Throws `storage.unavailable` in the end: that says nothing about the output. */
async function fromStore<T>(read: () => Promise<T>): Promise<T> {
  for (let left = READ_TRIES; ; left -= 1) {
    try {
      return await read();
    } catch (error) {
      if (left <= 1)
        throw new AppError('storage.unavailable', 'The store does not answer.', {}, error);
      await new Promise((resolve) => setTimeout(resolve, READ_PAUSE_MS));
    }
  }
}

async function hashOf(body: AsyncIterable<Uint8Array>, onProgress: () => void): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of body) {
    hash.update(chunk);
    onProgress();
  }
  return hash.digest('hex');
}

async function verifyJpeg(stored: StoredOutput): Promise<void> {
  const start = await readBytes(stored, { part: 0, offset: 0, length: 3 });
  if (start[0] !== 0xff || start[1] !== 0xd8 || start[2] !== 0xff)
    throw new Error('the output is not a JPEG');
}

async function verifyRendition(
  stored: StoredOutput,
  spec: MediaSpec,
  report: RenditionReport,
): Promise<AcceptedRendition> {
  if (report.segments.length !== spec.segments.length) {
    throw new Error(
      `rendition ${report.name} has ${report.segments.length} segments, expected ${spec.segments.length}`,
    );
  }
  const initBytes = await readBytes(stored, report.init);
  const init = readInit(initBytes);
  const pairs = spec.segments.map((span, index) => ({ span, segment: report.segments[index] }));
  const segments: AcceptedSegment[] = [];
  for (let at = 0; at < pairs.length; at += PARALLEL_READS) {
    const verified = pairs.slice(at, at + PARALLEL_READS).map(async ({ span, segment }) => {
      if (segment === undefined) throw new Error(`rendition ${report.name} lacks a segment`);
      return verifySegment(stored, segment, expectedOf(spec, span, init.timescale));
    });
    segments.push(...(await Promise.all(verified)));
    stored.onProgress();
  }
  const { codecs, timescale } = init;
  return {
    name: report.name,
    init: report.init,
    initHash: await sha256(initBytes),
    codecs,
    timescale,
    startTicks: startTicksOf(spec, init),
    segments,
  };
}

function startTicksOf(spec: MediaSpec, { timescale, mediaTime }: InitFacts): number {
  const [first] = spec.segments;
  return first === undefined
    ? 0
    : Math.round(expectedOf(spec, first, timescale).decodeTime) - mediaTime;
}

interface Expected {
  readonly samples: number;
  readonly durationTicks: number;
  readonly decodeTime: number;
  readonly hasPictures: boolean;
}

function expectedOf(spec: MediaSpec, span: SegmentSpan, timescale: number): Expected {
  const { numerator, denominator } =
    spec.kind === 'video'
      ? spec.facts.frameRate
      : { numerator: spec.rendition.sampleRate, denominator: frameSamples(spec.rendition) };
  const origin = spec.kind === 'video' ? 0 : (spec.startTick ?? 0);
  const ticks = (units: number): number => (units * denominator * timescale) / numerator;
  const samples = span.end - span.start;
  return {
    samples,
    durationTicks: ticks(samples),
    decodeTime: origin + ticks(span.start),
    hasPictures: spec.kind === 'video',
  };
}

async function verifySegment(
  stored: StoredOutput,
  segment: RenditionReport['segments'][number],
  expected: Expected,
): Promise<AcceptedSegment> {
  const length = Math.min(segment.length, segment.headerLength + MDAT_HEADER_BYTES);
  const header = readFragmentHeader(await readBytes(stored, { ...segment, length }));
  const where = `segment at ${segment.offset}`;
  if (header.moofLength + header.mdatLength !== segment.length)
    throw new Error(`${where} is cut off`);
  if (header.sampleCount !== expected.samples) {
    throw new Error(`${where} has ${header.sampleCount} frames, expected ${expected.samples}`);
  }
  if (!isNear(header.durationTicks, expected.durationTicks))
    throw new Error(`${where} lasts ${header.durationTicks} ticks`);
  if (!isNear(header.baseMediaDecodeTime, expected.decodeTime))
    throw new Error(`${where} starts at tick ${header.baseMediaDecodeTime}`);
  if (!header.firstSampleIsSync) throw new Error(`${where} does not start with a key frame`);
  const { part, offset } = segment;
  return {
    part,
    offset,
    length: segment.length,
    durationTicks: header.durationTicks,
    ...(expected.hasPictures && { keyFrameLength: header.firstSampleEnd }),
  };
}

/** Equal but for the rounding of a frame that is no whole number of ticks. */
function isNear(actual: number, expected: number): boolean {
  return Math.abs(actual - expected) < 1;
}

async function readBytes(
  stored: StoredOutput,
  span: { readonly part: number; readonly offset: number; readonly length: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const found = await fromStore(async () => {
    const range = { offset: span.offset, length: span.length };
    const object = await stored.bucket.get(stored.keyOf(span.part), { range });
    return object && (await object.arrayBuffer());
  });
  if (found === null) throw new Error(`output part ${span.part} is not in the store`);
  const bytes = new Uint8Array(found);
  if (bytes.length !== span.length)
    throw new Error(`output part ${span.part} ends before its segment does`);
  return bytes;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}
