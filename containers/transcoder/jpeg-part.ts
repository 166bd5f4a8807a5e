import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';

import { MAX_OUTPUT_BYTES } from '../../src/contracts/task-protocol.ts';
import type { OutputPart } from './part-writer.ts';

/** The JPEG at this path as an output; `undefined` when there is none or it is cut off. */
export async function readJpegPart(path: string): Promise<OutputPart | undefined> {
  const bytes = (await isPlainFile(path)) ? await readFile(path) : undefined;
  if (bytes === undefined || !isWholeJpeg(bytes)) return undefined;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path, sizeBytes: bytes.byteLength, sha256 };
}

/** A link or a device may never end. */
async function isPlainFile(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found !== undefined && found.isFile() && found.size <= MAX_OUTPUT_BYTES;
}

/** ITU-T T.81: begins with SOI and ends with EOI. */
function isWholeJpeg(bytes: Uint8Array): boolean {
  return bytes.byteLength > 4 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes.at(-1) === 0xd9;
}
