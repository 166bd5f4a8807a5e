import { openAsBlob } from 'node:fs';

import type { TaskRequest } from '../../src/contracts/task-protocol.ts';
import { traceHeaders } from '../../src/kernel/trace-scope.ts';
import { callbackUrl, checkLease, withRetries } from './callback.ts';
import type { OutputPart } from './part-writer.ts';

const PUT_DEADLINE_MS = 120_000;

export interface StoredPart {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Stores the parts through the Worker, in order; a part is repeated on network errors and 5xx. */
export async function storeOutput(
  callback: TaskRequest['callback'],
  parts: readonly OutputPart[],
  signal: AbortSignal,
): Promise<StoredPart[]> {
  const stored: StoredPart[] = [];
  for (const [index, part] of parts.entries()) {
    await withRetries(() => putPart(callback, index, { part, signal }), signal);
    stored.push({ sizeBytes: part.sizeBytes, sha256: part.sha256 });
  }
  return stored;
}

interface PutWork {
  readonly part: OutputPart;
  readonly signal: AbortSignal;
}

async function putPart(
  callback: TaskRequest['callback'],
  index: number,
  { part, signal }: PutWork,
): Promise<void> {
  // A Blob on a file has a known size, so the request has a Content-Length, and is not read into memory.
  const response = await fetch(callbackUrl(callback, `output/${index}`), {
    method: 'PUT',
    body: await openAsBlob(part.path),
    headers: {
      authorization: `Bearer ${callback.token}`,
      'content-type': 'application/octet-stream',
      'x-content-sha256': part.sha256,
      ...traceHeaders(),
    },
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(PUT_DEADLINE_MS)]),
  });
  await response.body?.cancel();
  checkLease(response.status);
  if (!response.ok) throw new Error(`storing part ${index} was answered with ${response.status}`);
}
