import { DurableObject } from 'cloudflare:workers';

import { takeOne, UNUSED } from '../workers/gateway/rate-limit-state.ts';
import type { RateState, RateVerdict } from '../workers/gateway/rate-limit-state.ts';

const STATE_KEY = 'state';

/** Counts the calls of one key exactly, wherever they come in. One object a key. */
export class RateLimiter extends DurableObject<Env> {
  /** Takes one of `quota` calls in `windowMs`. */
  async take(quota: number, windowMs: number): Promise<RateVerdict> {
    const before = this.ctx.storage.kv.get<RateState>(STATE_KEY) ?? UNUSED;
    const { state, verdict } = takeOne(before, { quota, windowMs }, Date.now());
    if (state !== before) this.ctx.storage.kv.put(STATE_KEY, state);
    if (before === UNUSED) await this.ctx.storage.setAlarm(Date.now() + windowMs);
    return verdict;
  }

  /** Nothing stays of a key that is not used any more. */
  override async alarm(): Promise<void> {
    const { wholeAt } = this.ctx.storage.kv.get<RateState>(STATE_KEY) ?? UNUSED;
    if (wholeAt > Date.now()) await this.ctx.storage.setAlarm(wholeAt);
    else await this.ctx.storage.deleteAll();
  }
}
