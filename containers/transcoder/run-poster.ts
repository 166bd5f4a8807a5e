import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import { POSTER_FILE, posterArguments } from '../../src/media/ffmpeg-arguments.ts';
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
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes === undefined || !isWholeJpeg(bytes)) continue;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { path, sizeBytes: bytes.byteLength, sha256 };
  }
  throw new TaskError(
    'ERR_MALFORMED_VIDEO',
    'No picture of the file can be decoded: it is damaged.',
    {
      detail: errors,
    },
  );
}

/** ITU-T T.81: begins with SOI and ends with EOI. */
function isWholeJpeg(bytes: Uint8Array): boolean {
  return bytes.byteLength > 4 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes.at(-1) === 0xd9;
}
