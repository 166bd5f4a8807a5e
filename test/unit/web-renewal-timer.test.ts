import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { createRenewalTimer } from '../../web/src/renewal-timer.ts';

function aToken(exp: number | undefined): string {
  return `h.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.s`;
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('createRenewalTimer', () => {
  test('renews a minute before the end, once however often it was set', () => {
    const renew = vi.fn();
    const timer = createRenewalTimer(renew);
    for (let n = 0; n < 5; n += 1) timer.set(aToken(300));
    vi.advanceTimersByTime(239_000);
    expect(renew).not.toHaveBeenCalled();
    vi.advanceTimersByTime(10_000_000);
    expect(renew).toHaveBeenCalledOnce();
  });

  test('the last token counts', () => {
    const renew = vi.fn();
    const timer = createRenewalTimer(renew);
    timer.set(aToken(120));
    timer.set(aToken(600));
    vi.advanceTimersByTime(120_000);
    expect(renew).not.toHaveBeenCalled();
    timer.set(aToken(undefined));
    vi.advanceTimersByTime(600_000);
    expect(renew).not.toHaveBeenCalled();
  });

  test('does nothing after it was cleared', () => {
    const renew = vi.fn();
    const timer = createRenewalTimer(renew);
    timer.set(aToken(120));
    timer.clear();
    vi.advanceTimersByTime(600_000);
    expect(renew).not.toHaveBeenCalled();
  });
});
