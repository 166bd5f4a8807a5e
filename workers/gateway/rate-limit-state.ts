/**
 * The generic cell rate algorithm (ITU-T I.371): the whole quota may be used at once and comes back evenly over the window,
 * so no window has an edge at which twice the quota passes. All that is kept is when the quota will be whole again.
 */
export interface RateState {
  /** ms since the epoch. */
  readonly wholeAt: number;
}

export interface RateVerdict {
  readonly allowed: boolean;
  readonly remaining: number;
  /** When the quota is whole again or, refused, when one call will pass. */
  readonly resetMs: number;
}

/** Intervals that are no whole ms must not cost the last call of a quota. */
const ROUNDING_MS = 0.5;

export const UNUSED: RateState = { wholeAt: 0 };

/** Takes one of `quota` calls in `windowMs`. A refused call costs nothing. */
export function takeOne(
  state: RateState,
  { quota, windowMs }: { readonly quota: number; readonly windowMs: number },
  now: number,
): { readonly state: RateState; readonly verdict: RateVerdict } {
  const intervalMs = windowMs / quota;
  const wholeAt = Math.max(state.wholeAt, now) + intervalMs;
  const overMs = wholeAt - now - windowMs;
  if (overMs > Math.min(ROUNDING_MS, intervalMs / 2))
    return { state, verdict: { allowed: false, remaining: 0, resetMs: overMs } };
  const remaining = Math.max(0, Math.round(-overMs / intervalMs));
  return { state: { wholeAt }, verdict: { allowed: true, remaining, resetMs: wholeAt - now } };
}
