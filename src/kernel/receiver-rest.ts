const FIRST_REST_MS = 5000;
const LONGEST_REST_MS = 300_000;

/** What is known of a receiver that may be away: its failures in a row, and until when it is left alone (ms). */
export interface ReceiverState {
  readonly failures: number;
  readonly restsUntil: number;
}

export const WELL: ReceiverState = { failures: 0, restsUntil: 0 };

export function isResting(state: ReceiverState, now: number): boolean {
  return now < state.restsUntil;
}

export function afterSuccess(): ReceiverState {
  return WELL;
}

/** Rests twice as long after each failure. Failures of calls that were under way together count once. */
export function afterFailure(state: ReceiverState, now: number): ReceiverState {
  if (isResting(state, now)) return state;
  const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** state.failures);
  return { failures: state.failures + 1, restsUntil: now + restMs };
}
