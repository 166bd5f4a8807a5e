import { join } from 'node:path';

import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import { POSTER_FILE, posterArguments } from '../../src/media/ffmpeg-arguments.ts';
import { readJpegPart } from './jpeg-part.ts';
import { faultOfMachine } from './limit-failure.ts';
import type { OutputPart } from './part-writer.ts';
import { runLimited } from './task-context.ts';
import type { TaskContext } from './task-context.ts';
import { TaskError } from './task-failure.ts';

type PosterSpec = Extract<TaskSpec, { kind: 'poster' }>;

/** Makes one JPEG near the wanted second; where no picture follows it, the first picture of the video. */
export async function runPoster(context: TaskContext, spec: PosterSpec): Promise<OutputPart> {
  const path = join(context.folder, POSTER_FILE);
  let errors = '';
  for (const atSeconds of new Set([spec.atSeconds, 0])) {
    const exit = await runLimited(context, {
      program: 'ffmpeg',
      arguments: posterArguments({ ...spec, atSeconds }),
    });
    errors = exit.errors;
    const part = await readJpegPart(path);
    if (part !== undefined) return part;
  }
  throw (
    faultOfMachine(errors) ??
    new TaskError('ERR_MALFORMED_VIDEO', 'No picture of the file can be decoded: it is damaged.', {
      detail: errors,
    })
  );
}
