import { decodeField, defaultIsFile, make } from 'multipasta';
import type { MultipartError } from 'multipasta';

import { AppError } from '../../src/contracts/errors.ts';
import { FormHeaders, narrow } from './form-headers.ts';
import { boundaryOf, FormReader } from './form-reader.ts';

const FIELD_BYTES = 64 * 1024;
const MAX_PARTS = 32;
const FILE_FIELD = 'file';

export interface ReadForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly filename?: string;
  readonly sizeBytes: number;
}

/** Reads multipart/form-data with one non-empty field `file`, handing its bytes on as they come. Throws what is wrong with the form. */
export async function readForm(
  body: ReadableStream<Uint8Array>,
  contentType: string,
  takeFile: (bytes: Uint8Array) => Promise<void>,
): Promise<ReadForm> {
  const form = new FormParts(contentType);
  const reader = new FormReader(body, contentType);
  try {
    while (form.fault === undefined) {
      // Outside the file the parser may hold pieces of a field.
      const piece = await reader.read(!form.isInFile);
      if (piece === undefined) break;
      for (const bytes of form.write(piece)) await takeFile(bytes);
    }
  } finally {
    reader.release();
  }
  return form.end();
}

/** The parser's calls back, turned into values. */
class FormParts {
  fault: AppError | undefined;
  isInFile = false;
  private readonly fields = new Map<string, string>();
  private readonly parser;
  private readonly headers: FormHeaders;
  private pending: Uint8Array[] = [];
  private filename: string | undefined;
  private files = 0;
  private sizeBytes = 0;
  private ended = false;

  constructor(contentType: string) {
    this.headers = new FormHeaders(boundaryOf(contentType));
    this.parser = make({
      headers: { 'content-type': contentType },
      maxFieldSize: FIELD_BYTES,
      maxParts: MAX_PARTS,
      isFile: (info) => info.name === FILE_FIELD || defaultIsFile(info),
      onField: (info, value) => void this.fields.set(narrow(info.name), decodeField(info, value)),
      onFile: (info) => this.openFile(narrow(info.name), info.filename),
      onError: (error) => this.fail(describeFault(error)),
      onDone: () => {
        this.ended = true;
      },
    });
  }

  /** Answers the bytes of the file that this piece of the form brought. */
  write(bytes: Uint8Array): readonly Uint8Array[] {
    this.pending = [];
    try {
      this.parser.write(this.headers.widen(bytes));
    } catch {
      this.fail('The form is broken: a part has headers that cannot be read.');
    }
    return this.fault === undefined ? this.pending : [];
  }

  end(): ReadForm {
    if (this.fault !== undefined) throw this.fault;
    if (!this.ended) throw invalidForm('The form is broken: its closing boundary is missing.');
    if (this.files === 0) {
      throw invalidForm('The form has no field "file". Put the video into a field of that name.');
    }
    if (this.sizeBytes === 0)
      throw invalidForm('The file is empty; an empty file cannot be a video.');
    const { fields, filename, sizeBytes } = this;
    return { fields, sizeBytes, ...(filename !== undefined && { filename }) };
  }

  private openFile(name: string, filename: string | undefined): (bytes: Uint8Array | null) => void {
    if (name !== FILE_FIELD) {
      this.fail(
        `The form has a file in the field "${name}". The video goes into the field "file".`,
      );
    }
    this.files += 1;
    if (this.files > 1) this.fail('The form has two files. Send one video a request.');
    if (filename !== undefined) this.filename ??= narrow(filename);
    this.isInFile = true;
    return (bytes) => {
      this.isInFile = bytes !== null;
      if (bytes === null) return;
      this.sizeBytes += bytes.length;
      this.pending.push(bytes);
    };
  }

  private fail(message: string): void {
    this.fault ??= invalidForm(message);
  }
}

function describeFault({ _tag: fault }: MultipartError): string {
  const broken = 'The form is broken: a part has headers that cannot be read.';
  const sentences: Record<MultipartError['_tag'], string> = {
    InvalidBoundary: 'The Content-Type names no boundary. Let your HTTP client make the form.',
    BadHeaders: broken,
    InvalidDisposition: broken,
    ReachedLimit: `The form has too much beside the file: at most ${MAX_PARTS} fields of ${FIELD_BYTES} bytes.`,
    EndNotReached: 'The form is broken: its closing boundary is missing.',
  };
  return sentences[fault];
}

function invalidForm(message: string): AppError {
  return new AppError('request.invalid', message, { pointer: `/${FILE_FIELD}` });
}
