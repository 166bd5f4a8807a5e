import { playbackKeysKey } from '../../src/contracts/object-keys.ts';
import { parsePlaybackKeySet } from '../../src/http/playback-token.ts';
import type { PlaybackKeySet } from '../../src/http/playback-token.ts';
import type { Logger } from '../../src/kernel/logger.ts';
import { BoundedCache } from '../../src/kernel/bounded-cache.ts';
import { readObject } from './read-object.ts';

/** How late the withdrawal of a key may reach playback. */
export const KEYS_MAX_AGE_MS = 60_000;
/** How often a token that does not verify may cause another look at the keys: a new key must not wait a minute. */
export const KEYS_RECHECK_MS = 1000;
const MAX_ACCOUNTS = 500;

/** The public playback keys of accounts, kept by this isolate. */
export class PlaybackKeys {
  private readonly kept = new BoundedCache<PlaybackKeySet>({ entries: MAX_ACCOUNTS });
  private readonly media: R2Bucket;
  private readonly logger: Logger;

  constructor(media: R2Bucket, logger: Logger) {
    this.media = media;
    this.logger = logger;
  }

  /** The account's keys, at most `maxAgeMs` old, or the last good ones while R2 fails. An account without keys has an empty set. */
  async get(accountId: string, now: number, maxAgeMs: number): Promise<PlaybackKeySet> {
    const kept = this.kept.get(accountId, now);
    if (kept !== undefined && kept.ageMs < maxAgeMs) return kept.value;
    try {
      const object = await readObject(this.media, playbackKeysKey(accountId));
      const keys = object ? parsePlaybackKeySet(await object.text()) : { keys: [] };
      this.kept.set(accountId, keys, { now });
      return keys;
    } catch (error) {
      if (kept === undefined) throw error;
      // Going on: a viewer with a good token should not notice that the keys cannot be read again.
      this.logger.warn('playback.keys.stale', { accountId, ageMs: kept.ageMs, error });
      return kept.value;
    }
  }
}
