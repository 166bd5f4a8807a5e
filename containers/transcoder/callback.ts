import type { TaskRequest } from '../../src/contracts/task-protocol.ts';
import { TaskError } from './task-failure.ts';

/** How often and how patiently a call to the Worker is repeated. */
interface RetryPolicy {
  readonly attempts: number;
  readonly firstDelayMs: number;
}

const CALLBACK_RETRIES: RetryPolicy = { attempts: 6, firstDelayMs: 250 };

const LEASE_LOST = new Set([401, 403, 404, 409, 410]);

/** The address of one of the task's two routes. */
export function callbackUrl(callback: TaskRequest['callback'], path: string): string {
  return `${callback.url.replace(/\/+$/, '')}/${path}`;
}

/** Throws for a status that no repetition helps: the task was given to somebody else or is over. */
export function checkLease(status: number): void {
  if (!LEASE_LOST.has(status)) return;
  throw new TaskError('ERR_UNKNOWN', 'This step was given to another encoder.', {
    detail: `the platform answered ${status}`,
    retryable: true,
  });
}

/** Repeats `call` with growing pauses until it succeeds. A {@link TaskError} or an abort ends it at once. */
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
      if (error instanceof TaskError || attempt + 1 >= policy.attempts) throw error;
      await pause(policy.firstDelayMs * 2 ** attempt, signal);
    }
  }
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
