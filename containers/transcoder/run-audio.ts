import { join } from 'node:path';

import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import { audioArguments, renditionFile, spanOf } from '../../src/media/ffmpeg-arguments.ts';
import { withEditList } from '../../src/media/init-edit-list.ts';
import { judgeEncode } from '../../src/media/judge-encode.ts';
import { AAC_FRAME_SAMPLES } from '../../src/media/timeline.ts';
import { readFragmentedFile } from './fragmented-file.ts';
import { packageOutput } from './package-output.ts';
import type { PackagedOutput } from './package-output.ts';
import { toError } from './run-video.ts';
import { PROGRESS, runLimited } from './task-context.ts';
import type { TaskContext } from './task-context.ts';

type AudioSpec = Extract<TaskSpec, { kind: 'audio' }>;

/** Encodes the whole audio track in one go; its init hides the priming frame by an edit list. */
export async function runAudio(context: TaskContext, spec: AudioSpec): Promise<PackagedOutput> {
  const { rendition, segments } = spec;
  const exit = await runLimited(context, {
    program: 'ffmpeg',
    arguments: [...PROGRESS, ...audioArguments(rendition, segments)],
    onLine: (line) => reportFrames(line, rendition.sampleRate, context.onFrames),
  });
  const path = join(context.folder, renditionFile(0));
  const file = await readFragmentedFile(path);
  const verdict = judgeEncode({
    wanted: spanOf(segments),
    frames: file?.samples.length ?? 0,
    firstFrame: (file?.baseMediaDecodeTime ?? 0) / AAC_FRAME_SAMPLES,
    exitCode: exit.code,
    errors: exit.errors,
    fromStart: true,
  });
  if (verdict.verdict !== 'complete' || file === undefined) throw toError(verdict, exit.errors);
  const init = withEditList(file.init, AAC_FRAME_SAMPLES);
  return packageOutput({
    folder: context.folder,
    renditions: [{ name: rendition.name, path, file, init }],
    segments,
    sampleTicks: AAC_FRAME_SAMPLES,
  });
}

function reportFrames(line: string, sampleRate: number, onFrames: (frames: number) => void): void {
  const microseconds = /^out_time_us=(\d+)/.exec(line)?.[1];
  if (microseconds === undefined) return;
  onFrames(Math.floor((Number(microseconds) * sampleRate) / 1_000_000 / AAC_FRAME_SAMPLES));
}
