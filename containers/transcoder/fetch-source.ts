import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import type { TaskRequest } from '../../src/contracts/task-protocol.ts';
import { traceHeaders } from '../../src/kernel/trace-scope.ts';
import { callbackUrl, checkLease, withRetries } from './callback.ts';

const STALL_MS = 30_000;

export interface SourceFetch {
  readonly callback: TaskRequest['callback'];
  readonly sizeBytes: number;
  readonly path: string;
  readonly stallMs?: number;
}

/** Downloads the source to a file of exactly the promised size; a broken connection goes on where it broke. */
export async function fetchSource(source: SourceFetch, signal: AbortSignal): Promise<void> {
  const file = await open(source.path, 'w');
  try {
    let done = 0;
    await withRetries(async () => {
      done = await fetchRest(source, { file, from: done, keep: (at) => (done = at), signal });
    }, signal);
  } finally {
    await file.close();
  }
}

interface FetchState {
  readonly file: FileHandle;
  readonly from: number;
  readonly keep: (at: number) => void;
  readonly signal: AbortSignal;
}

async function fetchRest(source: SourceFetch, state: FetchState): Promise<number> {
  const { from, signal } = state;
  const stalled = new AbortController();
  const stallMs = source.stallMs ?? STALL_MS;
  const timer = setTimeout(() => stalled.abort(new Error('the source stalled')), stallMs);
  try {
    const response = await fetch(callbackUrl(source.callback, 'source'), {
      headers: {
        authorization: `Bearer ${source.callback.token}`,
        'accept-encoding': 'identity',
        ...traceHeaders(),
        ...(from === 0 ? {} : { range: `bytes=${from}-` }),
      },
      redirect: 'error',
      signal: AbortSignal.any([signal, stalled.signal]),
    });
    const start = await startOf(response, from);
    return await writeBody(response, { ...state, from: start }, source.sizeBytes, timer);
  } finally {
    clearTimeout(timer);
  }
}

/** Where the body begins: a server may ignore the Range and send all. */
async function startOf(response: Response, from: number): Promise<number> {
  if (response.status === 200) return 0;
  const range = response.headers.get('content-range') ?? '';
  if (response.status === 206 && range.startsWith(`bytes ${from}-`)) return from;
  await response.body?.cancel();
  checkLease(response.status);
  throw new Error(`the source was answered with ${response.status}`);
}

async function writeBody(
  response: Response,
  state: FetchState,
  sizeBytes: number,
  timer: NodeJS.Timeout,
): Promise<number> {
  let at = state.from;
  if (response.body === null) throw new Error('the source was answered without a body');
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    timer.refresh();
    if (at + chunk.byteLength > sizeBytes) throw new Error('the source is longer than promised');
    await state.file.write(chunk, 0, chunk.byteLength, at);
    at += chunk.byteLength;
    state.keep(at);
  }
  if (at !== sizeBytes) throw new Error(`the source broke off at ${at} of ${sizeBytes} bytes`);
  return at;
}
