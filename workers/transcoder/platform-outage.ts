/** Longer than any outage of the stores on record. */
const LONGEST_OUTAGE_MS = 6 * 3600 * 1000;
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 5 * 60_000;

interface EndedAttempt {
  readonly outcome?: string;
  readonly endedAt?: number;
}

/**
 * How long a task waits when its last attempts ended because the platform itself did not answer, ms.
 * Nothing when that has been going on for so long that somebody must be told.
 */
export function pauseForOutage(attempts: readonly EndedAttempt[], now: number): number | undefined {
  const before = attempts.findLastIndex(({ outcome }) => outcome !== 'unavailable');
  const inARow = attempts.slice(before + 1);
  if (now - (inARow[0]?.endedAt ?? now) >= LONGEST_OUTAGE_MS) return undefined;
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, inARow.length - 1));
}

/** What the uploader reads at the end of an outage that was too long. */
export const OUTAGE_TEXT =
  'A part of the platform did not answer for six hours. Start this video again with POST /api/v1/jobs {"uid": …}.';
