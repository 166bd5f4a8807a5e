import { describe, expect, test } from 'vitest';

import { admitCall, closedBreaker, noteCall } from '../../src/kernel/breaker-state.ts';
import type { BreakerState } from '../../src/kernel/breaker-state.ts';

const START = 1_000_000;

function after(outcomes: string, now = START): BreakerState {
  return outcomes
    .split('')
    .reduce((state, outcome) => noteCall(state, outcome === '+', now), closedBreaker(START));
}

/** The first moment after `now` at which a call is admitted. */
function firstAdmitted(state: BreakerState, now: number): number {
  for (let at = now; at < now + 60_000; at += 100) if (admitCall(state, at).admitted) return at;
  throw new Error('nobody was ever admitted');
}

describe('circuit breaker', () => {
  test('a few failures, or as many successes beside them, keep it closed', () => {
    expect(after('----').phase).toBe('closed');
    expect(after('+++++-----').phase).toBe('closed');
    expect(admitCall(after('----'), START).admitted).toBe(true);
  });

  test('opens when most of the calls fail, and then lets nobody through for a while', () => {
    const open = after('+-----');
    expect(open.phase).toBe('open');
    expect(admitCall(open, START + 1).admitted).toBe(false);
    expect(firstAdmitted(open, START)).toBeGreaterThan(START);
  });

  test('failures of long ago do not count', () => {
    const old = after('----');
    expect(noteCall(old, false, START + 60_000)).toMatchObject({ phase: 'closed', failures: 1 });
  });

  test('one probe finds out: its success closes, its failure opens again', () => {
    const open = after('-----');
    const at = firstAdmitted(open, START);
    const { state: probing } = admitCall(open, at);
    expect(probing.phase).toBe('probing');
    expect(admitCall(probing, at).admitted).toBe(false);
    expect(noteCall(probing, true, at).phase).toBe('closed');
    const again = noteCall(probing, false, at);
    expect(again.phase).toBe('open');
    expect(firstAdmitted(again, at)).toBeGreaterThan(at);
  });

  test('a probe that never answers does not keep everybody out for ever', () => {
    const open = after('-----');
    const at = firstAdmitted(open, START);
    const { state: probing } = admitCall(open, at);
    expect(firstAdmitted(probing, at)).toBeGreaterThan(at);
  });

  test('a late failure from before changes nothing, a late success closes it', () => {
    const open = after('-----');
    expect(noteCall(open, false, START + 100)).toBe(open);
    expect(noteCall(open, true, START + 100).phase).toBe('closed');
  });
});
