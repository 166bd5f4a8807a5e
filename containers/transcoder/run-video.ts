import { join } from 'node:path';

import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import {
  frameTicks,
  renditionFile,
  spanOf,
  videoArguments,
} from '../../src/media/ffmpeg-arguments.ts';
import type { Preroll } from '../../src/media/ffmpeg-arguments.ts';
import { judgeEncode } from '../../src/media/judge-encode.ts';
import type { EncodeVerdict } from '../../src/media/judge-encode.ts';
import type { EngineExit } from './engine.ts';
import { readFragmentedFile } from './fragmented-file.ts';
import { packageOutput } from './package-output.ts';
import type { EncodedRendition, PackagedOutput } from './package-output.ts';
import type { PreparedSource } from './prepare-source.ts';
import { PROGRESS, runLimited } from './task-context.ts';
import type { TaskContext } from './task-context.ts';
import { TaskError } from './task-failure.ts';

type VideoSpec = Extract<TaskSpec, { kind: 'video' }>;

/** One second is enough where the container knows its key frames; the rest catches those that lie. */
const PREROLLS: readonly Preroll[] = [1, 30, undefined];

/** Encodes the task's frames for every rendition and cuts them into segments. */
export async function runVideo(
  context: TaskContext,
  source: PreparedSource,
  spec: VideoSpec,
): Promise<PackagedOutput> {
  const prerolls = source.canSeek ? PREROLLS : [undefined];
  const renditions = await encodeVideo(context, spec, prerolls);
  const sampleTicks = frameTicks(spec.facts.frameRate);
  return packageOutput({
    folder: context.folder,
    renditions,
    segments: spec.segments,
    sampleTicks,
  });
}

async function encodeVideo(
  context: TaskContext,
  spec: VideoSpec,
  prerolls: readonly Preroll[],
): Promise<EncodedRendition[]> {
  const [preroll, ...earlier] = prerolls;
  const exit = await runLimited(context, {
    program: 'ffmpeg',
    arguments: [...PROGRESS, ...videoArguments(spec, preroll, context.threads)],
    onLine: (line) => reportFrames(line, context.onFrames),
  });
  const encoded: EncodedRendition[] = [];
  for (const [index, rendition] of spec.renditions.entries()) {
    const path = join(context.folder, renditionFile(index));
    const file = await readFragmentedFile(path);
    const verdict = judgeFile(spec, exit, file, preroll === undefined);
    if (verdict.verdict === 'read-earlier') return encodeVideo(context, spec, earlier);
    if (verdict.verdict !== 'complete' || file === undefined) throw toError(verdict, exit.errors);
    encoded.push({ name: rendition.name, path, file, init: file.init });
  }
  return encoded;
}

function judgeFile(
  spec: VideoSpec,
  exit: EngineExit,
  file: Awaited<ReturnType<typeof readFragmentedFile>>,
  fromStart: boolean,
): EncodeVerdict {
  const ticks = frameTicks(spec.facts.frameRate);
  return judgeEncode({
    wanted: spanOf(spec.segments),
    frames: file?.samples.length ?? 0,
    firstFrame: (file?.baseMediaDecodeTime ?? 0) / ticks,
    exitCode: exit.code,
    errors: exit.errors,
    fromStart,
  });
}

/** The {@link TaskError} of a verdict that is not `complete`. */
export function toError(verdict: EncodeVerdict, detail: string): TaskError {
  if (verdict.verdict === 'malformed') {
    // A fault that ffmpeg does not name may be the machine's: it is looked at once more.
    const again = detail === '' ? { retryable: true, limited: true } : {};
    return new TaskError('ERR_MALFORMED_VIDEO', verdict.message, { detail, ...again });
  }
  if (verdict.verdict === 'unsupported') {
    return new TaskError('ERR_UNSUPPORTED', verdict.message, { detail });
  }
  if (verdict.verdict === 'failed') {
    const { message, limited } = verdict;
    return new TaskError('ERR_UNKNOWN', message, { detail, retryable: true, limited });
  }
  return new TaskError('ERR_UNKNOWN', 'The encoder lost its output.', { detail, retryable: true });
}

function reportFrames(line: string, onFrames: (frames: number) => void): void {
  const frames = /^frame=\s*(\d+)/.exec(line)?.[1];
  if (frames !== undefined) onFrames(Number(frames));
}
