import type { SegmentMap } from '../../src/contracts/media.ts';
import { segmentMapKey } from '../../src/contracts/object-keys.ts';
import { BoundedCache } from '../../src/kernel/bounded-cache.ts';
import { readObject } from './read-object.ts';

const MAX_ENTRIES = 100;
/** JSON bytes; in memory a map takes about three times that, and an isolate has 128 MB for everything. */
const MAX_BYTES = 8 * 1024 * 1024;

/** One published run of one video. */
export interface RunOfVideo {
  readonly uid: string;
  readonly revision: string;
}

/** The segment maps that this isolate has read. They are written once, so they never grow old. */
export class SegmentMaps {
  private readonly kept = new BoundedCache<SegmentMap>({ entries: MAX_ENTRIES, weight: MAX_BYTES });
  private readonly media: R2Bucket;

  constructor(media: R2Bucket) {
    this.media = media;
  }

  /** The map if it is here already. */
  peek(run: RunOfVideo): SegmentMap | undefined {
    return this.kept.get(segmentMapKey(run.uid, run.revision), 0)?.value;
  }

  /** The map from here or from R2; `undefined` when the run has none. */
  async find(run: RunOfVideo): Promise<SegmentMap | undefined> {
    const kept = this.peek(run);
    if (kept !== undefined) return kept;
    const key = segmentMapKey(run.uid, run.revision);
    const object = await readObject(this.media, key);
    if (object === undefined) return undefined;
    const map = await object.json<SegmentMap>();
    this.kept.set(key, map, { now: 0, weight: object.size });
    return map;
  }
}
