import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { parseMoof } from '../../src/media/fmp4-fragment.ts';
import type { FragmentSample } from '../../src/media/fmp4-fragment.ts';
import { Mp4FormatError, readBoxHeader, viewOf } from '../../src/media/mp4-boxes.ts';
import type { BoxHeader } from '../../src/media/mp4-boxes.ts';

const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/** The fMP4 file that ffmpeg wrote for one rendition. Sample offsets count from the start of the file. */
export interface FragmentedFile {
  readonly init: Uint8Array;
  readonly trackId: number;
  readonly baseMediaDecodeTime: number;
  readonly samples: readonly FragmentSample[];
}

/**
 * Reads what ffmpeg wrote, or `undefined` when there is no file or no sample in it.
 * Throws {@link Mp4FormatError} when a box is cut off or the fragments do not follow each other without a gap.
 */
export async function readFragmentedFile(path: string): Promise<FragmentedFile | undefined> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    return await readFragments(file);
  } finally {
    await file.close();
  }
}

async function readFragments(file: FileHandle): Promise<FragmentedFile | undefined> {
  const { size } = await file.stat();
  const samples: FragmentSample[] = [];
  let first: { init: Uint8Array; trackId: number; baseMediaDecodeTime: number } | undefined;
  let next = 0;
  for (let offset = 0; offset < size;) {
    const header = await readHeader(file, offset, size);
    if (header.type === 'moof') {
      const fragment = parseMoof(await readAt(file, offset, header.size));
      first ??= { ...fragment, init: await readAt(file, 0, offset) };
      if (samples.length > 0 && fragment.baseMediaDecodeTime !== next) {
        throw new Mp4FormatError('the fragments do not follow each other');
      }
      next = fragment.baseMediaDecodeTime;
      for (const sample of fragment.samples) {
        samples.push({ ...sample, offset: sample.offset + offset });
        next += sample.duration;
      }
    }
    offset += header.size;
  }
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (last.offset + last.size > size) throw new Mp4FormatError('the last sample is cut off');
  const { init, trackId, baseMediaDecodeTime } = first;
  return { init, trackId, baseMediaDecodeTime, samples };
}

async function readHeader(file: FileHandle, offset: number, size: number): Promise<BoxHeader> {
  const bytes = await readAt(file, offset, Math.min(16, size - offset));
  return readBoxHeader(viewOf(bytes), 0, size - offset);
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  if (length > MAX_HEADER_BYTES) throw new Mp4FormatError('a header is too large');
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, offset);
  if (bytesRead !== length) throw new Mp4FormatError('the file is cut off');
  return bytes;
}
