const HEADERS_END = [13, 10, 13, 10];

/**
 * Makes the headers of a form's parts readable for multipasta, which takes no character above U+00FF there: every byte above 0x7F
 * becomes the UTF-8 of the character of that number, and {@link narrow} puts the bytes together again. Bodies stay as they are.
 */
export class FormHeaders {
  private readonly boundary: Buffer;
  private isOpen = false;
  /** How much of the empty line that ends the headers has come. */
  private matched = 0;
  /** The last two bytes before the current piece; a form begins as if behind a line. */
  private before = Buffer.from('\r\n');

  constructor(boundary: string) {
    this.boundary = Buffer.from(`--${boundary}`);
  }

  /** The piece to parse: the same one unless its headers have something to widen. No piece may end within a boundary. */
  widen(piece: Uint8Array): Uint8Array {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = this.isOpen ? this.endOfHeaders(bytes, at) : this.endOfBody(bytes, at);
      const part = bytes.subarray(at, end);
      parts.push(this.isOpen ? widenBytes(part) : part);
      if (this.matched === HEADERS_END.length) [this.isOpen, this.matched] = [false, 0];
      else if (!this.isOpen) this.isOpen = end < bytes.length || endsWith(part, this.boundary);
      at = end;
    }
    this.before = Buffer.concat([this.before, bytes.subarray(-2)]).subarray(-2);
    return parts.every((part) => part.buffer === bytes.buffer) ? piece : Buffer.concat(parts);
  }

  private endOfHeaders(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at += 1) {
      const fits = bytes[at] === HEADERS_END[this.matched];
      this.matched = fits ? this.matched + 1 : Number(bytes[at] === HEADERS_END[0]);
      if (this.matched === HEADERS_END.length) return at + 1;
    }
    return bytes.length;
  }

  /** Behind the next boundary that stands at the beginning of a line. */
  private endOfBody(bytes: Buffer, from: number): number {
    for (
      let at = bytes.indexOf(this.boundary, from);
      at >= 0;
      at = bytes.indexOf(this.boundary, at + 1)
    ) {
      const line = Buffer.concat([this.before, bytes.subarray(Math.max(0, at - 2), at)]).subarray(
        -2,
      );
      if (line.equals(Buffer.from('\r\n'))) return at + this.boundary.length;
    }
    return bytes.length;
  }
}

/** A parameter of a widened header as it was sent: UTF-8, with the three escapes of HTML forms undone. */
export function narrow(parameter: string): string {
  const text = Buffer.from(parameter, 'latin1').toString('utf8');
  return text.replace(/%(22|0D|0A)/gi, (_escape: string, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}

function widenBytes(bytes: Buffer): Buffer {
  return bytes.every((byte) => byte < 0x80) ? bytes : Buffer.from(bytes.toString('latin1'), 'utf8');
}

function endsWith(bytes: Buffer, end: Buffer): boolean {
  return bytes.subarray(-end.length).equals(end);
}
