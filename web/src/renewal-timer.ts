import { readTokenClaims } from './token-claims.ts';

const RENEW_BEFORE_MS = 60_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls `renew` before a token ends. There is one call to come at most, that of the token set last. */
export interface RenewalTimer {
  /** A minute before its end; never for what has none. */
  set(token: string): void;
  clear(): void;
}

export function createRenewalTimer(renew: () => void): RenewalTimer {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    set: (token) => {
      clearTimeout(timer);
      const { exp } = readTokenClaims(token);
      if (exp === undefined) return;
      const waitMs = Math.max(0, exp * 1000 - Date.now() - RENEW_BEFORE_MS);
      timer = setTimeout(renew, Math.min(waitMs, LONGEST_TIMER_MS));
    },
    clear: () => {
      clearTimeout(timer);
    },
  };
}
