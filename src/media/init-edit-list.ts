import { findBox, getBox, listBoxes, Mp4FormatError, viewOf } from './mp4-boxes.ts';

const EDTS_LENGTH = 36;

/**
 * The init segment with an edit list that hides the first `mediaTime` ticks of its only track,
 * as CMAF wants it for encoder priming: one entry, duration 0 (to the end), rate 1.
 */
export function withEditList(init: Uint8Array, mediaTime: number): Uint8Array<ArrayBuffer> {
  const view = viewOf(init);
  const moov = getBox(view, ['moov']);
  const track = getBox(view, ['trak'], moov.bodyStart, moov.end);
  if (findBox(view, ['edts'], track.bodyStart, track.end) !== undefined) {
    throw new Mp4FormatError('the init segment has an edit list already');
  }
  const tkhd = listBoxes(view, track.bodyStart, track.end).find((box) => box.type === 'tkhd');
  if (tkhd === undefined) throw new Mp4FormatError('the init segment has no "tkhd"');
  const patched = new Uint8Array(init.byteLength + EDTS_LENGTH);
  patched.set(init.subarray(0, tkhd.end));
  patched.set(editBox(mediaTime), tkhd.end);
  patched.set(init.subarray(tkhd.end), tkhd.end + EDTS_LENGTH);
  const out = viewOf(patched);
  for (const box of [moov, track]) out.setUint32(box.start, box.end - box.start + EDTS_LENGTH);
  return patched;
}

function editBox(mediaTime: number): Uint8Array {
  const bytes = new Uint8Array(EDTS_LENGTH);
  const view = viewOf(bytes);
  view.setUint32(0, EDTS_LENGTH);
  bytes.set(new TextEncoder().encode('edts'), 4);
  view.setUint32(8, EDTS_LENGTH - 8);
  bytes.set(new TextEncoder().encode('elst'), 12);
  view.setUint32(20, 1);
  view.setInt32(28, mediaTime);
  view.setUint16(32, 1);
  return bytes;
}
