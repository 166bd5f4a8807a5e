import { AppError, isAppError } from '../../src/contracts/errors.ts';
import { sourceKey } from '../../src/contracts/object-keys.ts';
import type { Metrics } from '../../src/kernel/metrics.ts';
import { keepLease } from './part-lease.ts';
import { pourPart } from './pour-part.ts';
import type { PartBody } from './pour-part.ts';
import { r2ErrorCode } from './r2-error.ts';
import { refuse } from './refuse.ts';
import type { SessionStub } from './session-stub.ts';
import type { ClaimAnswer, RecordedPart, RecordAnswer } from './upload-state.ts';

const NO_SUCH_UPLOAD = 10024;
const POLL_MS = 400;
const WAIT_MS = 15_000;

export interface PartRequest {
  readonly accountId: string;
  readonly partNumber: number;
  readonly body: PartBody;
}

type Claimed = Extract<ClaimAnswer, { kind: 'claimed' }>;

/** Takes one part: claims it, streams it into R2, records it. A part that is recorded is answered without being read. */
export async function receivePart(
  bucket: R2Bucket,
  session: SessionStub,
  request: PartRequest,
  metrics: Metrics,
): Promise<RecordedPart> {
  const claimId = crypto.randomUUID();
  const answer = await claimPatiently(session, request, claimId);
  if (answer.kind === 'recorded') return answer.part;
  try {
    const etag = await write(bucket, session, request, { ...answer, claimId });
    const { partNumber, body } = request;
    const record = { partNumber, sizeBytes: body.sizeBytes, etag, claimId };
    const part = accepted(await session.record(record));
    metrics.count('streamgate_upload_bytes_total', {}, body.sizeBytes);
    return part;
  } catch (error) {
    await session.release(request.partNumber, claimId).catch(() => undefined);
    throw error;
  }
}

/** While another request writes the part, waits for it to be recorded or given up. */
async function claimPatiently(
  session: SessionStub,
  request: PartRequest,
  claimId: string,
): Promise<Claimed | Extract<ClaimAnswer, { kind: 'recorded' }>> {
  const { accountId, partNumber, body } = request;
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const wish = { partNumber, sizeBytes: body.sizeBytes, claimId };
    const answer = await session.claim(accountId, wish);
    if (answer.kind === 'claimed' || answer.kind === 'recorded') return answer;
    if (answer.kind !== 'busy') throw refuseClaim(answer, request);
    if (Date.now() + POLL_MS > deadline) throw busy(partNumber);
    await scheduler.wait(POLL_MS);
  }
}

async function write(
  bucket: R2Bucket,
  session: SessionStub,
  request: PartRequest,
  claim: Claimed & { readonly claimId: string },
): Promise<string> {
  const { partNumber, body } = request;
  const lease = keepLease(session, { partNumber, claimId: claim.claimId, until: claim.until });
  try {
    const target = bucket.resumeMultipartUpload(sourceKey(claim.uid), claim.multipartId);
    return await pourPart(target, partNumber, body, lease.signal);
  } catch (error) {
    if (isAppError(error)) throw error;
    if (lease.signal.aborted) throw busy(partNumber);
    if (r2ErrorCode(error) === NO_SUCH_UPLOAD) throw refuse({ kind: 'closed', state: 'aborted' });
    throw new AppError(
      'storage.unavailable',
      `Part ${partNumber} could not be stored. Nothing of it was kept; send it again.`,
      { retryAfterSeconds: 2 },
      error,
    );
  } finally {
    lease.stop();
  }
}

function accepted(answer: RecordAnswer): RecordedPart {
  if (answer.kind === 'recorded') return answer.part;
  if (answer.kind === 'lost') {
    throw new AppError(
      'upload.part_busy',
      'Another request took this part over. Send it again, or ask for the upload to see if it is there.',
      { retryAfterSeconds: 1 },
    );
  }
  throw refuse(answer);
}

function busy(partNumber: number): AppError {
  return new AppError(
    'upload.part_busy',
    `Another request is writing part ${partNumber}. Try again when it has ended.`,
    { retryAfterSeconds: 5 },
  );
}

function refuseClaim(
  answer: Exclude<ClaimAnswer, { kind: 'claimed' | 'recorded' | 'busy' }>,
  request: PartRequest,
): AppError {
  const { partNumber, body } = request;
  if (answer.kind === 'outside') {
    return new AppError(
      'upload.invalid_part',
      `Part ${partNumber} is outside this upload: its parts are 1 to ${answer.partCount}.`,
      { pointer: '/partNumber' },
    );
  }
  if (answer.kind === 'wrong-length') {
    return new AppError(
      'upload.invalid_part',
      `Part ${partNumber} must have ${answer.expectedBytes} bytes, this request announces ${body.sizeBytes}.`,
      { pointer: 'Content-Length' },
    );
  }
  return refuse(answer);
}
