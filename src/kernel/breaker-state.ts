/** Failures are counted over this long. */
const WINDOW_MS = 20_000;
/** Fewer failures than these are noise. */
const FEWEST_FAILURES = 5;
/** More than this share of the calls must fail. */
const FAILING_SHARE = 0.5;
/** How long nobody is sent to a service that fails. */
const OPEN_MS = 5000;
/** A probe that has not answered by then is taken as lost, and another call may try. */
const PROBE_MS = 10_000;

/**
 * Circuit breaker of one service. `closed`: calls go through. `open`: the service failed, calls fail at once until `until`.
 * `probing`: one call is on its way to find out; the others still fail at once.
 */
export type BreakerState =
  | {
      readonly phase: 'closed';
      readonly since: number;
      readonly calls: number;
      readonly failures: number;
    }
  | { readonly phase: 'open'; readonly until: number }
  | { readonly phase: 'probing'; readonly until: number };

export function closedBreaker(now: number): BreakerState {
  return { phase: 'closed', since: now, calls: 0, failures: 0 };
}

/** Whether a call may go out, and the state once it does. */
export function admitCall(
  state: BreakerState,
  now: number,
): { readonly admitted: boolean; readonly state: BreakerState } {
  if (state.phase === 'closed') return { admitted: true, state };
  if (now < state.until) return { admitted: false, state };
  return { admitted: true, state: { phase: 'probing', until: now + PROBE_MS } };
}

/** Notes how a call ended. A call from before the breaker opened says nothing new, unless it succeeded. */
export function noteCall(state: BreakerState, succeeded: boolean, now: number): BreakerState {
  if (state.phase === 'closed') return noteClosed(state, succeeded, now);
  if (succeeded) return closedBreaker(now);
  return state.phase === 'probing' ? { phase: 'open', until: now + OPEN_MS } : state;
}

function noteClosed(
  state: Extract<BreakerState, { phase: 'closed' }>,
  succeeded: boolean,
  now: number,
): BreakerState {
  const { since, calls, failures } =
    now - state.since > WINDOW_MS ? { since: now, calls: 0, failures: 0 } : state;
  const next = { since, calls: calls + 1, failures: failures + (succeeded ? 0 : 1) };
  const fails = next.failures >= FEWEST_FAILURES && next.failures > next.calls * FAILING_SHARE;
  return fails ? { phase: 'open', until: now + OPEN_MS } : { phase: 'closed', ...next };
}
