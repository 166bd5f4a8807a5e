import type { Video } from '../../src/contracts/service-apis.ts';
import type { videos } from '../../src/db/metadata.ts';

export type VideoRow = typeof videos.$inferSelect;

/** A row as other services see it: absent instead of null. */
export function toVideo(row: VideoRow): Video {
  return {
    uid: row.uid,
    accountId: row.accountId,
    state: row.state,
    name: row.name,
    meta: row.meta,
    sizeBytes: row.sizeBytes,
    requireSignedURLs: row.requireSignedUrls,
    allowedOrigins: row.allowedOrigins,
    thumbnailTimestampPct: row.thumbnailTimestampPct,
    errorReasonCode: row.errorReasonCode,
    errorReasonText: row.errorReasonText,
    createdAt: row.createdAt,
    modifiedAt: row.modifiedAt,
    ...present('revision', row.revision),
    ...present('publishedRevision', row.publishedRevision),
    ...present('creator', row.creator),
    ...present('durationSeconds', row.durationSeconds),
    ...present('width', row.width),
    ...present('height', row.height),
    ...present('maxDurationSeconds', row.maxDurationSeconds),
    ...present('profile', row.profile),
    ...present('scheduledDeletion', row.scheduledDeletion),
    ...present('uploadedAt', row.uploadedAt),
    ...present('uploadExpiresAt', row.uploadExpiresAt),
    ...present('readyAt', row.readyAt),
  };
}

function present<Key extends string, Value>(
  key: Key,
  value: Value | null,
): Partial<Record<Key, Value>> {
  return value === null ? {} : ({ [key]: value } as Record<Key, Value>);
}
