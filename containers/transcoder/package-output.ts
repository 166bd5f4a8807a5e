import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import type { SegmentSpan } from '../../src/contracts/media.ts';
import { MAX_OUTPUT_BYTES } from '../../src/contracts/task-protocol.ts';
import type { RenditionReport, SegmentReport } from '../../src/contracts/task-protocol.ts';
import { traceStep } from '../../src/kernel/trace-scope.ts';
import { isSyncSample, writeFragmentHeader } from '../../src/media/fmp4-fragment.ts';
import type { FragmentSample } from '../../src/media/fmp4-fragment.ts';
import { Mp4FormatError } from '../../src/media/mp4-boxes.ts';
import type { FragmentedFile } from './fragmented-file.ts';
import { PartWriter } from './part-writer.ts';
import type { OutputPart } from './part-writer.ts';

/** One rendition as ffmpeg left it: exactly the frames of the segments, none missing. */
export interface EncodedRendition {
  readonly name: string;
  readonly path: string;
  readonly file: FragmentedFile;
  /** The init segment to publish. */
  readonly init: Uint8Array;
}

export interface PackagePlan {
  readonly folder: string;
  readonly renditions: readonly EncodedRendition[];
  readonly segments: readonly SegmentSpan[];
  /** Ticks of one frame: every sample gets exactly this duration. */
  readonly sampleTicks: number;
  /** Decode time of frame 0. */
  readonly startTick?: number;
  readonly maxPartBytes?: number;
}

export interface PackagedOutput {
  readonly parts: readonly OutputPart[];
  readonly renditions: readonly RenditionReport[];
}

/** Regroups ffmpeg's fragments into one `moof`+`mdat` a segment: init, then segments, one rendition after another. */
export function packageOutput(plan: PackagePlan): Promise<PackagedOutput> {
  return traceStep({ name: 'package' }, () => packageRenditions(plan));
}

async function packageRenditions(plan: PackagePlan): Promise<PackagedOutput> {
  const writer = new PartWriter(plan.folder, plan.maxPartBytes ?? MAX_OUTPUT_BYTES);
  try {
    const renditions: RenditionReport[] = [];
    for (const rendition of plan.renditions) {
      renditions.push(await packageRendition(plan, rendition, writer));
    }
    return { parts: await writer.finish(), renditions };
  } finally {
    await writer.close();
  }
}

async function packageRendition(
  plan: PackagePlan,
  rendition: EncodedRendition,
  writer: PartWriter,
): Promise<RenditionReport> {
  const { init } = rendition;
  const place = await writer.reserve(init.byteLength);
  await writer.write(init);
  const input = await open(rendition.path, 'r');
  const segments: SegmentReport[] = [];
  try {
    for (const segment of plan.segments) {
      segments.push(await packageSegment(plan, { rendition, segment, input, writer }));
    }
  } finally {
    await input.close();
  }
  return { name: rendition.name, init: { ...place, length: init.byteLength }, segments };
}

interface SegmentWork {
  readonly rendition: EncodedRendition;
  readonly segment: SegmentSpan;
  readonly input: FileHandle;
  readonly writer: PartWriter;
}

async function packageSegment(plan: PackagePlan, work: SegmentWork): Promise<SegmentReport> {
  const { rendition, segment, input, writer } = work;
  const first = plan.segments[0]?.start ?? 0;
  const samples = rendition.file.samples.slice(segment.start - first, segment.end - first);
  checkStart(samples, segment);
  const header = writeFragmentHeader({
    // Players want it rising, and tasks do not know their segment's number: its first frame rises too.
    sequenceNumber: segment.start + 1,
    trackId: rendition.file.trackId,
    baseMediaDecodeTime: (plan.startTick ?? 0) + segment.start * plan.sampleTicks,
    samples: samples.map((sample) => ({ ...sample, duration: plan.sampleTicks })),
  });
  const runs = toRuns(samples);
  const length = runs.reduce((sum, run) => sum + run.length, header.bytes.byteLength);
  const place = await writer.reserve(length);
  await writer.write(header.bytes);
  for (const run of runs) await writer.write(await readRun(input, run));
  return { ...place, length, headerLength: header.moofLength };
}

function checkStart(samples: readonly FragmentSample[], segment: SegmentSpan): void {
  const [first] = samples;
  if (samples.length !== segment.end - segment.start || first === undefined) {
    throw new Mp4FormatError('a segment has the wrong number of frames');
  }
  if (!isSyncSample(first.flags) || first.compositionOffset !== 0) {
    throw new Mp4FormatError('a segment does not begin with a key frame');
  }
}

interface ByteRun {
  readonly offset: number;
  readonly length: number;
}

/** Joins samples that lie next to each other, so that a segment is read in a few large pieces. */
function toRuns(samples: readonly FragmentSample[]): ByteRun[] {
  const runs: { offset: number; length: number }[] = [];
  for (const { offset, size } of samples) {
    const last = runs.at(-1);
    if (last !== undefined && last.offset + last.length === offset) last.length += size;
    else runs.push({ offset, length: size });
  }
  return runs;
}

async function readRun(input: FileHandle, run: ByteRun): Promise<Uint8Array> {
  const bytes = new Uint8Array(run.length);
  const { bytesRead } = await input.read(bytes, 0, run.length, run.offset);
  if (bytesRead !== run.length) throw new Mp4FormatError('the file is cut off');
  return bytes;
}
