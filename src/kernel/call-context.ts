import { AsyncLocalStorage } from 'node:async_hooks';

import { traceHeaders } from './trace-scope.ts';

/** What belongs to one request and goes along with every call that it makes. */
export interface CallContext {
  readonly requestId?: string;
  /** When the caller stops waiting, ms since the epoch. Undefined once it has its answer: what runs on is nobody's wait. */
  deadlineAt?: number | undefined;
}

/** The context on its way to another Worker, with its place in the trace. Clocks differ, so the deadline travels as what is left of it. */
export interface SentCallContext {
  readonly requestId?: string;
  readonly traceparent?: string;
  readonly remainingMs?: number;
}

const storage = new AsyncLocalStorage<CallContext>();

/** The context of the request that is being worked on, if there is one. */
export function currentCall(): CallContext | undefined {
  return storage.getStore();
}

/** Runs `work` as part of a request; its deadline ends with it. */
export async function runInCall<T>(call: CallContext, work: () => Promise<T>): Promise<T> {
  try {
    return await storage.run(call, work);
  } finally {
    call.deadlineAt = undefined;
  }
}

/** The current context as it is sent along, with this much time left. */
export function sendCall(remainingMs: number | undefined): SentCallContext {
  const { requestId } = currentCall() ?? {};
  return {
    ...(requestId !== undefined && { requestId }),
    ...traceHeaders(),
    ...(remainingMs !== undefined && { remainingMs }),
  };
}

export function receiveCall(sent: SentCallContext, now: number): CallContext {
  const { requestId, remainingMs } = sent;
  return {
    ...(requestId !== undefined && { requestId }),
    ...(remainingMs !== undefined && { deadlineAt: now + remainingMs }),
  };
}
