const FIRST_DELAY_MS = 800;
const LONGEST_DELAY_MS = 20_000;
const MOST_ATTEMPTS = 8;

/** How a request failed. Status 0: no answer came (network). */
export interface FailedAttempt {
  readonly status: number;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly retryAfterSeconds?: number;
  /** 0 ≤ random < 1: clients that failed together must not come back together. */
  readonly random: number;
}

/** How long to wait before the next try, or undefined when trying again cannot help. */
export function planRetry(failed: FailedAttempt): number | undefined {
  if (failed.attempt >= MOST_ATTEMPTS || !isTransient(failed)) return undefined;
  if (failed.retryAfterSeconds !== undefined)
    return failed.retryAfterSeconds * 1000 + failed.random * 500;
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failed.attempt - 1));
  return ceiling * (0.5 + failed.random / 2);
}

// A 409 is a part that another request holds; without Retry-After it is a real conflict.
function isTransient({ status, retryAfterSeconds }: FailedAttempt): boolean {
  if (status === 409) return retryAfterSeconds !== undefined;
  return status === 0 || status === 408 || status === 429 || status >= 500;
}
