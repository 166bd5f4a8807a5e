import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { OutputPart } from './part-writer.ts';

/** The JPEG at this path as an output; `undefined` when there is none or it is cut off. */
export async function readJpegPart(path: string): Promise<OutputPart | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (bytes === undefined || !isWholeJpeg(bytes)) return undefined;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path, sizeBytes: bytes.byteLength, sha256 };
}

/** ITU-T T.81: begins with SOI and ends with EOI. */
function isWholeJpeg(bytes: Uint8Array): boolean {
  return bytes.byteLength > 4 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes.at(-1) === 0xd9;
}
