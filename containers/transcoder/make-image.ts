import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { MAX_IMAGE_BYTES, MAX_IMAGE_INPUT_BYTES } from '../../src/contracts/image-task.ts';
import type { ImageTask } from '../../src/contracts/image-task.ts';
import { imageArguments, imageFile } from '../../src/media/image-arguments.ts';
import type { EncoderEngine } from './engine.ts';
import { RequestError } from './read-task.ts';
import { runLimited } from './task-context.ts';
import { withTaskFolder } from './task-folder.ts';

const WALL_MS = 8000;

export interface ImageResources {
  readonly engine: EncoderEngine;
  readonly root: string;
  readonly threads: number;
}

/** Makes an image of encoded segments. Throws a 422 {@link RequestError} when the frames cannot be decoded. */
export async function makeImage(
  resources: ImageResources,
  task: ImageTask,
  segments: Readable,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const { engine, root, threads } = resources;
  return withTaskFolder(root, async (folder) => {
    // In a folder of its own, since what lies in the task's folder counts as output.
    const sourceFile = join(folder, 'input', 'segments.mp4');
    await mkdir(join(folder, 'input'));
    await pipeline(segments, limitBytes(), createWriteStream(sourceFile, { flags: 'wx' }), {
      signal,
    });
    const limits = { wallMs: WALL_MS, outputBytes: MAX_IMAGE_BYTES };
    const context = { engine, folder, threads, signal, limits, sourceFile, onFrames: () => {} };
    const exit = await runLimited(context, {
      program: 'ffmpeg',
      arguments: imageArguments(task, threads),
    });
    const bytes = await readFile(join(folder, imageFile(task))).catch(() => undefined);
    if (bytes !== undefined && isWhole(task, bytes)) return bytes;
    throw new RequestError(422, `No such frame can be decoded. ${exit.errors}`);
  });
}

function limitBytes(): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.byteLength;
      if (size > MAX_IMAGE_INPUT_BYTES) done(new RequestError(413, 'The segments are too large.'));
      else done(null, chunk);
    },
  });
}

/** ITU-T T.81: a JPEG ends with EOI; a GIF with its trailer. */
function isWhole({ format }: ImageTask, bytes: Uint8Array): boolean {
  if (format === 'jpg') return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes.at(-1) === 0xd9;
  return bytes[0] === 0x47 && bytes[1] === 0x49 && bytes[2] === 0x46 && bytes.at(-1) === 0x3b;
}
