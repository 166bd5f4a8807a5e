import type { TaskRequest } from '../../src/contracts/task-protocol.ts';
import { diskFull, isDiskFull, TaskError } from './task-failure.ts';

/** How often and how patiently a call to the Worker is repeated. */
interface RetryPolicy {
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

/** More than two minutes: what is encoded is not thrown away for a short outage of the store. */
const CALLBACK_RETRIES: RetryPolicy = { attempts: 24, firstDelayMs: 250, longestDelayMs: 8000 };

const LEASE_LOST = new Set([401, 403, 404, 409, 410]);

/** The address of one of the task's two routes. */
export function callbackUrl(callback: TaskRequest['callback'], path: string): string {
  return `${callback.url.replace(/\/+$/, '')}/${path}`;
}

/** Throws for a status that no repetition helps: the task was given to somebody else or is over, or we asked for nonsense. */
export function checkLease(status: number): void {
  if (status < 400 || status >= 500) return;
  const text = LEASE_LOST.has(status)
    ? 'This step was given to another encoder.'
    : 'The platform refused a request of the encoder.';
  const detail = `the platform answered ${status}`;
  throw new TaskError('ERR_UNKNOWN', text, { detail, retryable: true });
}

/**
 * Repeats `call` with growing pauses until it succeeds. A {@link TaskError}, a full disk or an abort ends it at once;
 * what fails to the end is the platform's failure, not the task's.
 */
export async function withRetries<T>(
  call: (attempt: number) => Promise<T>,
  signal: AbortSignal,
  policy: RetryPolicy = CALLBACK_RETRIES,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await call(attempt);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TaskError) throw error;
      if (isDiskFull(error)) throw diskFull(error);
      if (attempt + 1 >= policy.attempts) throw platformAway(error);
      await pause(Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** attempt), signal);
    }
  }
}

function platformAway(error: unknown): TaskError {
  const detail = error instanceof Error ? error.message : String(error);
  return new TaskError('ERR_UNKNOWN', 'The platform did not answer the encoder.', {
    detail,
    retryable: true,
    unavailable: true,
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
