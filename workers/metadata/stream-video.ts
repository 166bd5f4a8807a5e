import type { JobProgress } from '../../src/contracts/service-apis.ts';
import type { VideoRow } from './video-rows.ts';

/** The Video object of the Stream API: every field is always there; what is not known yet is −1 or null. */
export function renderVideo(
  row: VideoRow,
  publicUrl: string,
  progress?: JobProgress,
): Record<string, unknown> {
  const address = `${publicUrl}/${row.uid}`;
  return {
    uid: row.uid,
    creator: row.creator,
    thumbnail: hasPicture(row) ? `${address}/thumbnails/thumbnail.jpg` : null,
    thumbnailTimestampPct: row.thumbnailTimestampPct,
    readyToStream: row.publishedRevision !== null,
    readyToStreamAt: timeOf(row.readyAt),
    status: {
      state: row.state,
      step: 'encoding',
      pctComplete: percentOf(row, progress),
      errorReasonCode: row.errorReasonCode,
      errorReasonText: row.errorReasonText,
    },
    meta: row.meta,
    created: timeOf(row.createdAt),
    modified: timeOf(row.modifiedAt),
    uploaded: timeOf(row.uploadedAt),
    uploadExpiry: row.state === 'pendingupload' ? timeOf(row.uploadExpiresAt) : null,
    size: row.sizeBytes,
    preview: `${address}/watch`,
    allowedOrigins: row.allowedOrigins,
    requireSignedURLs: row.requireSignedUrls,
    maxSizeBytes: null,
    maxDurationSeconds: row.maxDurationSeconds,
    duration: row.durationSeconds ?? -1,
    input: { width: row.width ?? -1, height: row.height ?? -1 },
    playback: {
      hls: `${address}/manifest/video.m3u8`,
      dash: `${address}/manifest/video.mpd`,
    },
    watermark: null,
    liveInput: null,
    clippedFrom: null,
    scheduledDeletion: timeOf(row.scheduledDeletion),
    publicDetails: row.publicDetails,
  };
}

/** False for what is known to be sound only. */
function hasPicture(row: VideoRow): boolean {
  return row.publishedRevision === null || row.width !== null;
}

/** A string with six decimals, as Stream writes it. */
function percentOf(row: VideoRow, progress?: JobProgress): string {
  if (row.state === 'ready') return (100).toFixed(6);
  const { acceptedFrames, plannedFrames } = progress ?? { acceptedFrames: 0, plannedFrames: 0 };
  return (plannedFrames === 0 ? 0 : (acceptedFrames / plannedFrames) * 100).toFixed(6);
}

/** RFC 3339 with microseconds. */
function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString().replace('Z', '000Z');
}
