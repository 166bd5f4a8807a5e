import { getBox, listBoxes } from '../../src/media/mp4-boxes.ts';
import type { Mp4Box } from '../../src/media/mp4-boxes.ts';

/**
 * The MP4 file as a phone leaves it that trims without encoding: all samples are there, and each track's only edit shows
 * `seconds` of it, beginning at `from`.
 */
export function trimmed(file: Buffer, from: number, seconds: number): Buffer {
  const bytes = Buffer.from(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const moov = getBox(view, ['moov']);
  const within = (box: Mp4Box, ...path: string[]): Mp4Box =>
    getBox(view, path, box.bodyStart, box.end);
  const movieScale = view.getUint32(within(moov, 'mvhd').bodyStart + 12);
  for (const track of listBoxes(view, moov.bodyStart, moov.end)) {
    if (track.type !== 'trak') continue;
    const scale = view.getUint32(within(track, 'mdia', 'mdhd').bodyStart + 12);
    const edit = within(track, 'edts', 'elst').bodyStart + 8;
    view.setUint32(edit, seconds * movieScale);
    view.setInt32(edit + 4, view.getInt32(edit + 4) + from * scale);
  }
  return bytes;
}
