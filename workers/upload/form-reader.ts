const READ_BYTES = 128 * 1024;
/** Room for what is still missing of a boundary; RFC 2046 allows 70 characters. */
const SPARE_BYTES = 4096;
/** Behind a boundary the parser looks at two bytes: the end of the line, or the two hyphens of the last one. */
const BEHIND_BYTES = 2;

/**
 * Reads a form in pieces that never end within a boundary or right behind it: multipasta takes such an end for a broken form.
 * Two buffers are used by turns, so a piece stays as it is until the next but one is read.
 */
export class FormReader {
  private readonly reader: ReadableStreamBYOBReader;
  private readonly boundary: Buffer;
  private next = new ArrayBuffer(READ_BYTES + SPARE_BYTES);
  private last = new ArrayBuffer(READ_BYTES + SPARE_BYTES);

  constructor(body: ReadableStream<Uint8Array>, contentType: string) {
    this.reader = body.getReader({ mode: 'byob' });
    this.boundary = Buffer.from(`--${boundaryOf(contentType)}`);
  }

  /** The next piece; undefined at the end. With `keep` the piece before stays untouched for good. */
  async read(keep: boolean): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (keep) this.last = new ArrayBuffer(READ_BYTES + SPARE_BYTES);
    let filled = 0;
    for (let room = READ_BYTES; room > 0; room = this.next.byteLength - filled) {
      const { value, done } = await this.reader.read(new Uint8Array(this.next, filled, room));
      // A read takes the buffer away and gives it back, also at the end.
      if (value === undefined) return undefined;
      this.next = value.buffer;
      filled += value.length;
      if (done || !endsAtBoundary(new Uint8Array(this.next, 0, filled), this.boundary)) break;
    }
    const piece = new Uint8Array(this.next, 0, filled);
    [this.next, this.last] = [this.last, this.next];
    return filled === 0 ? undefined : piece;
  }

  release(): void {
    this.reader.releaseLock();
  }
}

/** The boundary parameter of a form's content type; empty when there is none. */
export function boundaryOf(contentType: string): string {
  const [, quoted, plain] = /boundary=(?:"([^"]*)"|([^\s;]*))/i.exec(contentType) ?? [];
  return quoted ?? plain ?? '';
}

/** True when a piece ends with a beginning of the boundary, or with the boundary and less than the parser needs behind it. */
function endsAtBoundary(piece: Uint8Array, boundary: Buffer): boolean {
  const tail = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).subarray(
    -(boundary.length + BEHIND_BYTES - 1),
  );
  if (tail.includes(boundary)) return true;
  for (let length = Math.min(tail.length, boundary.length - 1); length > 0; length -= 1) {
    if (tail.subarray(-length).equals(boundary.subarray(0, length))) return true;
  }
  return false;
}
