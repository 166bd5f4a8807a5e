import { join } from 'node:path';

import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import {
  audioArguments,
  copyAudioArguments,
  renditionFile,
  spanOf,
} from '../../src/media/ffmpeg-arguments.ts';
import { withEditList } from '../../src/media/init-edit-list.ts';
import { judgeEncode } from '../../src/media/judge-encode.ts';
import { frameSamples, isCopied } from '../../src/media/timeline.ts';
import { readFragmentedFile } from './fragmented-file.ts';
import { packageOutput } from './package-output.ts';
import type { PackagedOutput } from './package-output.ts';
import { toError } from './run-video.ts';
import { PROGRESS, runLimited } from './task-context.ts';
import type { TaskContext } from './task-context.ts';
import { TaskError } from './task-failure.ts';

type AudioSpec = Extract<TaskSpec, { kind: 'audio' }>;

/** Encodes or copies a whole audio track in one go; the init of what was encoded hides the priming frame by an edit list. */
export async function runAudio(context: TaskContext, spec: AudioSpec): Promise<PackagedOutput> {
  const { facts, rendition, segments, startTick } = spec;
  const copied = isCopied(rendition);
  const frameLength = frameSamples(rendition);
  const exit = await runLimited(context, {
    program: 'ffmpeg',
    arguments: [
      ...PROGRESS,
      ...(copied ? copyAudioArguments(facts.track) : audioArguments(facts, rendition, segments)),
    ],
    onLine: (line) => reportFrames(line, rendition.sampleRate / frameLength, context.onFrames),
  });
  const path = join(context.folder, renditionFile(0));
  const file = await readFragmentedFile(path);
  const verdict = judgeEncode({
    wanted: spanOf(segments),
    frames: file?.samples.length ?? 0,
    firstFrame: copied ? 0 : (file?.baseMediaDecodeTime ?? 0) / frameLength,
    exitCode: exit.code,
    errors: exit.errors,
    fromStart: true,
  });
  if (verdict.verdict !== 'complete' || file === undefined) throw toError(verdict, exit.errors);
  if (copied && file.samples.some(({ duration }) => duration !== frameLength)) {
    throw new TaskError('ERR_UNSUPPORTED', 'The surround sound has gaps and is left out.');
  }
  return packageOutput({
    folder: context.folder,
    renditions: [
      {
        name: rendition.name,
        path,
        file,
        init: copied ? file.init : withEditList(file.init, frameLength),
      },
    ],
    segments,
    sampleTicks: frameLength,
    ...(startTick !== undefined && { startTick }),
  });
}

function reportFrames(
  line: string,
  framesPerSecond: number,
  onFrames: (frames: number) => void,
): void {
  const microseconds = /^out_time_us=(\d+)/.exec(line)?.[1];
  if (microseconds === undefined) return;
  onFrames(Math.floor((Number(microseconds) * framesPerSecond) / 1_000_000));
}
