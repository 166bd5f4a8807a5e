import { AppError } from '../../src/contracts/errors.ts';

const READ_BYTES = 256 * 1024;

/** The bytes of one part: on their way from a client, or held by us. */
export type PartBody = StreamedPart | HeldPart;

/** A part of a form. Handed to R2 as it is: a stream made of it would cost a copy. */
interface HeldPart {
  readonly bytes: Uint8Array;
  readonly sizeBytes: number;
}

interface StreamedPart {
  readonly stream: ReadableStream<Uint8Array>;
  readonly sizeBytes: number;
  /** Lower-case hex, if the client named it. */
  readonly sha256?: string;
}

type PartTarget = Pick<R2MultipartUpload, 'uploadPart'>;

/** Streams a part into R2 and answers its etag. Nothing is held but one read; the body stays readable after a failure, to be drained. */
export async function pourPart(
  target: PartTarget,
  partNumber: number,
  body: PartBody,
  signal: AbortSignal,
): Promise<string> {
  if ('bytes' in body) return (await target.uploadPart(partNumber, body.bytes)).etag;
  const fixed = new FixedLengthStream(body.sizeBytes);
  const poured =
    body.sha256 === undefined
      ? body.stream.pipeTo(fixed.writable, { signal, preventCancel: true })
      : pourChecked(body, body.sha256, fixed.writable, signal);
  const stored = target.uploadPart(partNumber, fixed.readable);
  const [written, kept] = await Promise.allSettled([poured, stored]);
  if (kept.status === 'rejected') throw worseOf(written, kept.reason);
  if (written.status === 'rejected') throw written.reason;
  return kept.value.etag;
}

/** One loop with back-pressure. The last bytes go on only when the hash is right, so that R2 never keeps a part that is wrong. */
async function pourChecked(
  body: StreamedPart,
  sha256: string,
  writable: WritableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const reader = body.stream.getReader({ mode: 'byob' });
  const writer = writable.getWriter();
  const digest = new crypto.DigestStream('SHA-256');
  const hasher = digest.getWriter();
  // Read below, when all bytes are there; a failure before that must not count as unhandled.
  digest.digest.catch(() => undefined);
  try {
    for (let left = body.sizeBytes; left > 0;) {
      signal.throwIfAborted();
      const { value, done } = await reader.read(new Uint8Array(Math.min(READ_BYTES, left)));
      if (done) throw new Error('the body ended before its length');
      left -= value.byteLength;
      await hasher.write(value);
      if (left === 0) {
        await hasher.close();
        checkDigest(await digest.digest, sha256);
      }
      await writer.write(value);
    }
    await writer.close();
  } catch (error) {
    await Promise.allSettled([writer.abort(error), hasher.abort(error)]);
    throw error;
  } finally {
    reader.releaseLock();
  }
}

function checkDigest(digest: ArrayBuffer, expected: string): void {
  const found = Buffer.from(digest).toString('hex');
  if (found === expected) return;
  throw new AppError(
    'upload.checksum_mismatch',
    `The part arrived with SHA-256 ${found}, X-Content-SHA256 says ${expected}. Nothing was kept; send the part again.`,
    { pointer: 'X-Content-SHA256' },
  );
}

/** R2's failure breaks the pouring and the other way round: ours tells the caller more. */
function worseOf(written: PromiseSettledResult<void>, fromR2: unknown): unknown {
  return written.status === 'rejected' && written.reason instanceof AppError
    ? written.reason
    : fromR2;
}
