import { availableParallelism } from 'node:os';

import type { TaskRequest, TaskSpec } from '../../src/contracts/task-protocol.ts';

/** What one run of ffmpeg or ffprobe may take of the machine. */
export interface RunLimits {
  readonly wallMs: number;
  readonly cpuSeconds: number;
  /** Address space. */
  readonly memoryBytes: number;
  readonly outputBytes: number;
  /** Lines on standard output: a packet is one. */
  readonly lines: number;
}

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** Reading a header takes 350 MiB at 8K; the tables of a day of video take another 300 MiB. */
const READ_MEMORY_BYTES = 1.5 * GIB;
/** Measured with ladders from 4K and 8K, H.264 and 10-bit HEVC: half of this is used. */
const MEMORY_BYTES_PER_PIXEL_AND_THREAD = 160;
/**
 * Measured: one SVT-AV1 reserves stacks and heaps for a hundred threads, of which it uses little, and hangs when it gets
 * none: 1.8 GiB with two threads.
 */
const AV1_MEMORY_BYTES_PER_THREAD = 1.5 * GIB;
/** A day at 120 pictures a second with 16 tracks of sound; their lines take minutes to read. */
const MAX_LINES = 50_000_000;
const PROBE_CPU_SECONDS = 15;
const PROBE_CPU_SECONDS_PER_MIB = 0.5;
const PROBE_WALL_SECONDS = 60;
const IMAGE_SECONDS = 120;
/** Above the encoder's own bit rate limit, which is an average. */
const OUTPUT_FACTOR = 4;
const OUTPUT_BYTES_AT_LEAST = 4 * MIB;

/** The limits of each run of this task: what an honest file of its size and length needs, with room. */
export function limitsOf(request: TaskRequest, threads: number): RunLimits {
  const { limits } = request;
  return {
    ...limits,
    cpuSeconds: (limits.wallMs / 1000) * (threads + 1),
    memoryBytes: READ_MEMORY_BYTES,
    lines: MAX_LINES,
    ...ownLimits(request, threads),
  };
}

function ownLimits({ task, limits, source }: TaskRequest, threads: number): Partial<RunLimits> {
  if (task.kind === 'probe') return probeLimits(source.sizeBytes, limits.wallMs);
  if (task.kind === 'audio') return {};
  if (task.kind === 'storyboard') return { memoryBytes: memoryFor(task.facts, threads) };
  if (task.kind === 'poster') {
    return {
      wallMs: Math.min(limits.wallMs, IMAGE_SECONDS * 1000),
      cpuSeconds: IMAGE_SECONDS,
      memoryBytes: memoryFor(task.facts, availableParallelism()),
    };
  }
  const inAv1 = task.renditions.filter(({ codec }) => codec === 'av1').length;
  return {
    memoryBytes:
      memoryFor(task.facts, threads) + inAv1 * AV1_MEMORY_BYTES_PER_THREAD * (threads + 1),
    outputBytes: Math.min(limits.outputBytes, expectedBytes(task) * OUTPUT_FACTOR),
  };
}

function probeLimits(sizeBytes: number, wallMs: number): Partial<RunLimits> {
  const more = (sizeBytes / MIB) * PROBE_CPU_SECONDS_PER_MIB;
  return {
    wallMs: Math.min(wallMs, (PROBE_WALL_SECONDS + more) * 1000),
    cpuSeconds: PROBE_CPU_SECONDS + more,
  };
}

function memoryFor(
  { width, height }: { readonly width: number; readonly height: number },
  threads: number,
): number {
  const pictures = width * height * MEMORY_BYTES_PER_PIXEL_AND_THREAD * (threads + 1);
  return Math.ceil(READ_MEMORY_BYTES + pictures);
}

function expectedBytes(task: Extract<TaskSpec, { kind: 'video' }>): number {
  const { numerator, denominator } = task.facts.frameRate;
  const frames = (task.segments.at(-1)?.end ?? 0) - (task.segments[0]?.start ?? 0);
  const seconds = (frames * denominator) / numerator;
  const bitrateBps = task.renditions.reduce((sum, each) => sum + each.maxBitrateBps, 0);
  return Math.ceil((seconds * bitrateBps) / 8 + OUTPUT_BYTES_AT_LEAST);
}
