import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** A finished output object on disk. */
export interface OutputPart {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Where a run of bytes begins. */
export interface PartPlace {
  readonly part: number;
  readonly offset: number;
}

interface OpenPart {
  readonly path: string;
  readonly file: FileHandle;
  readonly hash: Hash;
  sizeBytes: number;
}

/** Writes runs of bytes one after another into objects of bounded size; a run is never split. */
export class PartWriter {
  private readonly folder: string;
  private readonly maxBytes: number;
  private readonly done: OutputPart[] = [];
  private current: OpenPart | undefined;

  constructor(folder: string, maxBytes: number) {
    this.folder = folder;
    this.maxBytes = maxBytes;
  }

  /** Makes room for a run of `length` bytes, which {@link write} must then fill. */
  async reserve(length: number): Promise<PartPlace> {
    if (length > this.maxBytes)
      throw new Error(`a segment of ${length} bytes does not fit an object`);
    if (this.current !== undefined && this.current.sizeBytes + length > this.maxBytes) {
      await this.closePart();
    }
    this.current ??= await this.openPart();
    return { part: this.done.length, offset: this.current.sizeBytes };
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.current === undefined) throw new Error('write without reserve');
    await this.current.file.writeFile(bytes);
    this.current.hash.update(bytes);
    this.current.sizeBytes += bytes.byteLength;
  }

  /** Closes the last part and lists all. */
  async finish(): Promise<readonly OutputPart[]> {
    await this.closePart();
    return this.done;
  }

  /** Closes what is open after a failure. */
  async close(): Promise<void> {
    await this.current?.file.close();
    this.current = undefined;
  }

  private async openPart(): Promise<OpenPart> {
    const path = join(this.folder, `part-${this.done.length}`);
    return { path, file: await open(path, 'wx'), hash: createHash('sha256'), sizeBytes: 0 };
  }

  private async closePart(): Promise<void> {
    if (this.current === undefined) return;
    const { path, file, hash, sizeBytes } = this.current;
    this.current = undefined;
    await file.close();
    this.done.push({ path, sizeBytes, sha256: hash.digest('hex') });
  }
}
