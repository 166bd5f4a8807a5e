/** One box: `start` is where its header begins, `bodyStart` where its payload begins, `end` is exclusive. */
export interface Mp4Box {
  readonly type: string;
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
}

/** What the first bytes of a box say. `size` includes the header. */
export interface BoxHeader {
  readonly type: string;
  readonly headerLength: number;
  readonly size: number;
}

/** The bytes are not a well-formed MP4 structure; the message says where. */
export class Mp4FormatError extends Error {
  override readonly name = 'Mp4FormatError';
}

const MAX_BOXES = 100_000;

/** A bounded view over bytes; every read is checked by DataView and by the box it belongs to. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Reads the header at `offset`. `limit` is the end of the enclosing box or file, which the box must not pass.
 * Throws {@link Mp4FormatError} on a size that cannot be.
 */
export function readBoxHeader(view: DataView, offset: number, limit: number): BoxHeader {
  if (offset + 8 > limit || offset + 8 > view.byteLength) {
    throw new Mp4FormatError(`box header cut short at byte ${offset}`);
  }
  const type = readType(view, offset + 4);
  const size32 = view.getUint32(offset);
  if (size32 === 0) return { type, headerLength: 8, size: limit - offset };
  if (size32 !== 1) return checked({ type, headerLength: 8, size: size32 }, offset, limit);
  if (offset + 16 > limit || offset + 16 > view.byteLength) {
    throw new Mp4FormatError(`box header cut short at byte ${offset}`);
  }
  const size64 = view.getBigUint64(offset + 8);
  if (size64 > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new Mp4FormatError(`box "${type}" at byte ${offset} is impossibly large`);
  }
  return checked({ type, headerLength: 16, size: Number(size64) }, offset, limit);
}

/** Lists the boxes that lie in `[start, end)`, in order. Throws {@link Mp4FormatError} where one does not fit. */
export function listBoxes(view: DataView, start = 0, end = view.byteLength): Mp4Box[] {
  const limit = Math.min(end, view.byteLength);
  const boxes: Mp4Box[] = [];
  let offset = start;
  while (offset < limit) {
    if (boxes.length >= MAX_BOXES) throw new Mp4FormatError('too many boxes');
    const header = readBoxHeader(view, offset, limit);
    const boxEnd = offset + header.size;
    boxes.push({
      type: header.type,
      start: offset,
      bodyStart: offset + header.headerLength,
      end: boxEnd,
    });
    offset = boxEnd;
  }
  return boxes;
}

/** Follows a path of box types from `[start, end)`; `undefined` where a step is missing. */
export function findBox(
  view: DataView,
  path: readonly string[],
  start = 0,
  end?: number,
): Mp4Box | undefined {
  let range = { bodyStart: start, end: end ?? view.byteLength };
  let found: Mp4Box | undefined;
  for (const type of path) {
    found = listBoxes(view, range.bodyStart, range.end).find((box) => box.type === type);
    if (found === undefined) return undefined;
    range = found;
  }
  return found;
}

/** As {@link findBox}, but a missing box is a {@link Mp4FormatError}. */
export function getBox(view: DataView, path: readonly string[], start = 0, end?: number): Mp4Box {
  const box = findBox(view, path, start, end);
  if (box === undefined) throw new Mp4FormatError(`box "${path.join('/')}" is missing`);
  return box;
}

/** Throws unless `length` bytes at `offset` lie inside the box. */
export function requireBytes(box: Mp4Box, offset: number, length: number): void {
  if (offset < box.bodyStart || offset + length > box.end) {
    throw new Mp4FormatError(`box "${box.type}" at byte ${box.start} is too short`);
  }
}

/** A 64-bit unsigned number as a JavaScript number; refuses what would lose precision. */
export function readUint64(view: DataView, offset: number): number {
  const value = view.getBigUint64(offset);
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new Mp4FormatError(`number at byte ${offset} is too large`);
  return Number(value);
}

function checked(header: BoxHeader, offset: number, limit: number): BoxHeader {
  if (header.size < header.headerLength) {
    throw new Mp4FormatError(`box "${header.type}" at byte ${offset} is smaller than its header`);
  }
  if (offset + header.size > limit) {
    throw new Mp4FormatError(`box "${header.type}" at byte ${offset} reaches past its end`);
  }
  return header;
}

function readType(view: DataView, offset: number): string {
  return String.fromCharCode(
    view.getUint8(offset),
    view.getUint8(offset + 1),
    view.getUint8(offset + 2),
    view.getUint8(offset + 3),
  );
}
