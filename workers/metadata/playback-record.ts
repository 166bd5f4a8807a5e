import { and, eq, isNull } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';

import { AppError } from '../../src/contracts/errors.ts';
import type { PlaybackRecord } from '../../src/contracts/media.ts';
import { playbackKey } from '../../src/contracts/object-keys.ts';
import { videos } from '../../src/db/metadata.ts';
import type { VideoRow } from './video-rows.ts';

const MAX_TRIES = 5;
const FIRST_WAIT_MS = 100;

export interface RecordStores {
  readonly db: DrizzleD1Database;
  readonly bucket: R2Bucket;
}

/** Brings `videos/{uid}/playback` up to the row. An older writer never replaces a newer record; a deleted video has none. */
export async function publishPlayback(stores: RecordStores, uid: string): Promise<void> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    if (attempt > 0)
      await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * 2 ** attempt));
    const row = await findLive(stores.db, uid);
    if (row !== undefined && !(await putRecord(stores.bucket, toRecord(row), uid))) continue;
    // Looked at again: a delete that came in between found no record to remove.
    if (row === undefined || (await findLive(stores.db, uid)) === undefined)
      await stores.bucket.delete(playbackKey(uid));
    return;
  }
  throw new AppError(
    'service.unavailable',
    'The change is stored but playback does not know it yet. Send it again.',
  );
}

async function findLive(db: DrizzleD1Database, uid: string): Promise<VideoRow | undefined> {
  const [row] = await db
    .select()
    .from(videos)
    .where(and(eq(videos.uid, uid), isNull(videos.deletedAt)));
  return row;
}

function toRecord(row: VideoRow): PlaybackRecord {
  return {
    accountId: row.accountId,
    state: row.state,
    requireSignedURLs: row.requireSignedUrls,
    allowedOrigins: row.allowedOrigins,
    title: row.name,
    version: row.playbackVersion,
    ...(row.publishedRevision !== null && { revision: row.publishedRevision }),
    ...(row.previousRevision !== null && { previousRevision: row.previousRevision }),
    ...(row.thumbnailTimestampPct > 0 && { thumbnailTimestampPct: row.thumbnailTimestampPct }),
    ...(row.errorReasonText !== '' && { errorReasonText: row.errorReasonText }),
  };
}

/** False when somebody else wrote in between: look again. */
async function putRecord(bucket: R2Bucket, record: PlaybackRecord, uid: string): Promise<boolean> {
  const key = playbackKey(uid);
  const stored = await bucket.get(key);
  if (stored !== null) {
    const { version } = await stored.json<PlaybackRecord>();
    if (version >= record.version) return true;
  }
  const onlyIf = stored === null ? { etagDoesNotMatch: '*' } : { etagMatches: stored.etag };
  const written = await bucket.put(key, JSON.stringify(record), {
    onlyIf,
    httpMetadata: { contentType: 'application/json' },
  });
  return written !== null;
}
