/** Seconds between one failed attempt and the next; together just under a day. */
const DELAYS_SECONDS = [5, 30, 120, 300, 900, 1800, 3600, 7200, 14_400];
const GIVE_UP_AFTER_MS = 24 * 3600 * 1000;
const LONGEST_RETRY_AFTER_SECONDS = 3600;
/** Each wait is shortened or lengthened by up to this share, so that webhooks do not come back all at once. */
const JITTER = 0.2;

const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 5 * 60_000;
const DISABLE_AFTER_MS = 72 * 3600 * 1000;
const DISABLE_AFTER_FAILURES = 10;

export interface FailedAttempt {
  /** Attempts made, this one included. */
  readonly attempts: number;
  /** When the attempts began, ms. */
  readonly since: number;
  readonly now: number;
  /** What the receiver asked for. */
  readonly retryAfterSeconds?: number | undefined;
}

/** When to try again after a failed attempt, or nothing when a day of trying is over. `random` is in [0, 1). */
export function nextAttemptAt(failed: FailedAttempt, random: number): number | undefined {
  const { attempts, since, now, retryAfterSeconds = 0 } = failed;
  const planned = DELAYS_SECONDS[Math.min(attempts, DELAYS_SECONDS.length) - 1] ?? 0;
  const jittered = planned * (1 - JITTER + 2 * JITTER * random);
  const asked = Math.min(retryAfterSeconds, LONGEST_RETRY_AFTER_SECONDS);
  const at = now + Math.round(Math.max(jittered, asked) * 1000);
  return at > since + GIVE_UP_AFTER_MS ? undefined : at;
}

/** How long a receiver that failed `failures` times in a row is left alone before one delivery tries it again. */
export function pauseAfter(failures: number, random: number): number {
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(pause * (1 - JITTER + 2 * JITTER * random));
}

/** True for a receiver that took nothing for three days. */
export function isHopeless(
  health: { readonly failures: number; readonly failingSince: number | null },
  now: number,
): boolean {
  const { failures, failingSince } = health;
  if (failingSince === null) return false;
  return failures >= DISABLE_AFTER_FAILURES && now - failingSince >= DISABLE_AFTER_MS;
}

/** Seconds of a `Retry-After` header, which is a number or a date (RFC 9110 §10.2.3). */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}
