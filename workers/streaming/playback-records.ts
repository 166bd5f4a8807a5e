import type { PlaybackRecord } from '../../src/contracts/media.ts';
import { playbackKey } from '../../src/contracts/object-keys.ts';
import { BoundedCache } from '../../src/kernel/bounded-cache.ts';
import { readObject } from './read-object.ts';

/** How late a change of a video may reach playback. */
const KNOWN_MS = 3000;
/** A video that is not there, or a run that is not known yet, may be made in the next moment. */
export const UNKNOWN_MS = 1000;
const MAX_ENTRIES = 2000;

/** The playback records of R2, each kept for a short while by this isolate. */
export class PlaybackRecords {
  private readonly kept = new BoundedCache<PlaybackRecord | undefined>({ entries: MAX_ENTRIES });
  private readonly media: R2Bucket;

  constructor(media: R2Bucket) {
    this.media = media;
  }

  /** The record, at most three seconds old or `maxAgeMs`. Throws `service.unavailable` when it can not be read. */
  async find(
    uid: string,
    now: number,
    maxAgeMs: number = KNOWN_MS,
  ): Promise<PlaybackRecord | undefined> {
    const kept = this.kept.get(uid, now);
    if (kept !== undefined && kept.ageMs < Math.min(maxAgeMs, lifeOf(kept.value)))
      return kept.value;
    const object = await readObject(this.media, playbackKey(uid));
    const record = await object?.json<PlaybackRecord>();
    this.kept.set(uid, record, { now });
    return record;
  }
}

/** What will change soon (a video in the making) is asked for again like a missing one. */
function lifeOf(record: PlaybackRecord | undefined): number {
  return record?.revision === undefined ? UNKNOWN_MS : KNOWN_MS;
}
