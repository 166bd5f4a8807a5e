import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { planRetry } from './retry-plan.ts';
import type { SendPart } from './send-part.ts';
import type { Session } from './session.ts';
import { sleep } from './sleep.ts';
import type { UploadMemory } from './upload-memory.ts';
import type { UploadPlan } from './wire.ts';

const PARALLEL_PARTS = 3;

export interface UploadTools {
  readonly api: Pick<ApiClient, 'createUpload' | 'findUpload' | 'completeUpload'>;
  readonly session: Pick<Session, 'authorization'>;
  readonly memory: UploadMemory;
  readonly sendPart: SendPart;
  /** The encoding profile for new uploads; undefined for the account's default. */
  readonly profile: () => string | undefined;
}

export interface UploadListener {
  /** The upload exists; `resumed` when it had been begun before. */
  readonly onStarted: (plan: UploadPlan, resumed: boolean) => void;
  readonly onBytes: (sentBytes: number) => void;
  /** A part failed and is waiting for its next try. */
  readonly onWaiting: (message: string) => void;
}

/** Sends a file part by part, three at a time, and completes it. Parts that the server holds already are not sent again. */
export async function uploadFile(
  file: File,
  tools: UploadTools,
  listener: UploadListener,
  signal: AbortSignal,
): Promise<{ uid: string; jobId: string }> {
  const { plan, received } = await beginUpload(file, tools);
  listener.onStarted(plan, received.size > 0);
  signal.throwIfAborted();
  tools.memory.remember(file, plan.id);

  const sent = new Map<number, number>();
  const report = (partNumber: number, bytes: number): void => {
    sent.set(partNumber, bytes);
    listener.onBytes([...sent.values()].reduce((sum, value) => sum + value, 0));
  };
  for (const partNumber of received) report(partNumber, partSize(file, plan, partNumber));

  // The first failure stops the other lanes: their parts are sent again when the person retries.
  const lanes = new AbortController();
  const stop = AbortSignal.any([signal, lanes.signal]);
  const queue = missingParts(plan, received).values();
  const runLane = async (): Promise<void> => {
    for (const partNumber of queue)
      await sendWithRetries({ file, plan, partNumber, tools, listener, report, signal: stop });
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL_PARTS }, runLane));
  } catch (error) {
    lanes.abort();
    throw error;
  }
  const done = await complete(plan, tools, signal);
  tools.memory.forget(file);
  return done;
}

/** The parts still to send, in order. */
export function missingParts(
  plan: Pick<UploadPlan, 'partCount'>,
  received: ReadonlySet<number>,
): readonly number[] {
  return Array.from({ length: plan.partCount }, (_, index) => index + 1).filter(
    (partNumber) => !received.has(partNumber),
  );
}

async function beginUpload(
  file: File,
  { api, memory, profile }: UploadTools,
): Promise<{ plan: UploadPlan; received: ReadonlySet<number> }> {
  const known = memory.find(file);
  const found = known === undefined ? undefined : await api.findUpload(known);
  if (found === undefined || found.state === 'aborted' || found.state === 'expired')
    return { plan: await api.createUpload(file, profile()), received: new Set() };
  // Whole already, only its answer was lost: to complete it again gives the same answer.
  if (found.state === 'completing' || found.state === 'completed')
    return { plan: found, received: new Set(missingParts(found, new Set())) };
  return { plan: found, received: new Set(found.receivedParts.map((part) => part.partNumber)) };
}

function partSize(file: File, { partSizeBytes }: UploadPlan, partNumber: number): number {
  return Math.min(partSizeBytes, file.size - (partNumber - 1) * partSizeBytes);
}

interface PartJob {
  readonly file: File;
  readonly plan: UploadPlan;
  readonly partNumber: number;
  readonly tools: UploadTools;
  readonly listener: UploadListener;
  readonly report: (partNumber: number, bytes: number) => void;
  readonly signal: AbortSignal;
}

async function sendWithRetries(job: PartJob): Promise<void> {
  const { file, plan, partNumber, tools, listener, report, signal } = job;
  const start = (partNumber - 1) * plan.partSizeBytes;
  const body = file.slice(start, start + partSize(file, plan, partNumber));
  let fresh = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const authorization = await tools.session.authorization(fresh);
      await tools.sendPart({
        uploadId: plan.id,
        partNumber,
        body,
        authorization,
        signal,
        onProgress: (bytes) => {
          report(partNumber, Math.min(bytes, body.size));
        },
      });
      report(partNumber, body.size);
      return;
    } catch (error) {
      if (signal.aborted || !(error instanceof ApiError)) throw error;
      // An access token that ran out during the transfer: once more with a fresh one, at once.
      if (error.status === 401 && !fresh) {
        fresh = true;
        continue;
      }
      const waitMs = nextDelay(error, attempt);
      if (waitMs === undefined) throw error;
      report(partNumber, 0);
      listener.onWaiting(error.message);
      await sleep(waitMs, signal);
      fresh = false;
    }
  }
}

async function complete(
  plan: UploadPlan,
  { api }: UploadTools,
  signal: AbortSignal,
): Promise<{ uid: string; jobId: string }> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await api.completeUpload(plan.id);
    } catch (error) {
      const waitMs = error instanceof ApiError ? nextDelay(error, attempt) : undefined;
      if (waitMs === undefined) throw error;
      await sleep(waitMs, signal);
    }
  }
}

function nextDelay(error: ApiError, attempt: number): number | undefined {
  return planRetry({
    status: error.status,
    attempt,
    random: Math.random(),
    ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
  });
}
