import type { AlertState } from '../../src/contracts/alerts.ts';

/** How a rule turns a value into an alert; values rise as things get worse. */
export interface AlertLimits {
  /** It is too much from here on. */
  readonly threshold: number;
  /** It is well again below this: lower than the threshold, so that a value near it does not begin alert after alert. */
  readonly clearBelow: number;
  /** How long it must be too much before it fires, and well before it ends. */
  readonly forMs: number;
  readonly clearForMs: number;
}

export interface AlertStep {
  readonly state: AlertState;
  readonly change?: 'triggered' | 'resolved';
}

export const QUIET: AlertState = { phase: 'quiet' };

/** One look at a rule. A value that is not known changes nothing: silence is neither better nor worse. */
export function stepAlert(
  state: AlertState,
  value: number | undefined,
  limits: AlertLimits,
  look: { readonly now: number; readonly newId: string },
): AlertStep {
  if (value === undefined) return { state };
  if (state.phase === 'firing') return stepFiring(state, value, limits, look.now);
  if (value < limits.threshold) return { state: state.phase === 'quiet' ? state : QUIET };
  const since = state.phase === 'pending' ? state.since : look.now;
  if (look.now - since < limits.forMs) return { state: { phase: 'pending', since } };
  return {
    state: { phase: 'firing', alertId: look.newId, peak: value },
    change: 'triggered',
  };
}

function stepFiring(
  state: Extract<AlertState, { phase: 'firing' }>,
  value: number,
  { clearBelow, clearForMs }: AlertLimits,
  now: number,
): AlertStep {
  const { alertId } = state;
  const peak = Math.max(state.peak, value);
  if (value >= clearBelow) return { state: { phase: 'firing', alertId, peak } };
  const clearSince = state.clearSince ?? now;
  if (now - clearSince >= clearForMs) return { state: QUIET, change: 'resolved' };
  return { state: { phase: 'firing', alertId, peak, clearSince } };
}
