import type { KnownTokens, ReadToken } from '../../src/http/playback-token.ts';
import { BoundedCache } from '../../src/kernel/bounded-cache.ts';

const MAX_TOKENS = 2000;
const MAX_CHARACTERS = 2 * 1024 * 1024;

/** The tokens that this isolate has read and proven, so that only the first segment of a viewer pays for it. */
export class TokenMemory implements KnownTokens {
  private readonly kept = new BoundedCache<ReadToken>({
    entries: MAX_TOKENS,
    weight: MAX_CHARACTERS,
  });

  get(token: string): ReadToken | undefined {
    return this.kept.get(token, 0)?.value;
  }

  set(token: string, read: ReadToken): void {
    this.kept.set(token, read, { now: 0, weight: token.length });
  }
}
