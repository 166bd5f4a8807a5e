/** Collects bytes of any lengths into parts of one size. Holds one part, whatever goes through it. */
export class PartBuffer {
  private readonly partSizeBytes: number;
  private readonly emit: (part: Uint8Array<ArrayBuffer>) => Promise<void>;
  private buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  private used = 0;

  /** `emit` gets each part; its bytes are overwritten once the promise is resolved. */
  constructor(partSizeBytes: number, emit: (part: Uint8Array<ArrayBuffer>) => Promise<void>) {
    this.partSizeBytes = partSizeBytes;
    this.emit = emit;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.buffer.length === 0) this.buffer = new Uint8Array(this.partSizeBytes);
    for (let taken = 0; taken < bytes.length;) {
      const piece = bytes.subarray(taken, taken + this.partSizeBytes - this.used);
      this.buffer.set(piece, this.used);
      this.used += piece.length;
      taken += piece.length;
      if (this.used === this.partSizeBytes) await this.flush();
    }
  }

  /** Emits what is left, which is the last and shorter part. */
  async flush(): Promise<void> {
    if (this.used === 0) return;
    await this.emit(this.buffer.subarray(0, this.used));
    this.used = 0;
  }
}
