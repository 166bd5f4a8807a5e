import { AppError } from '../../src/contracts/errors.ts';
import type { PlaybackRecord } from '../../src/contracts/media.ts';

/**
 * The revision to play: the wanted one where it may be played, otherwise the published one.
 * Throws `video.failed` or `video.not_ready` when nothing was ever published; a later failed run changes nothing.
 */
export function publishedRevision(record: PlaybackRecord, wanted?: string): string {
  if (wanted !== undefined && isPlayable(record, wanted)) return wanted;
  if (record.revision !== undefined) return record.revision;
  if (record.state === 'error') {
    throw new AppError(
      'video.failed',
      record.errorReasonText || 'This video could not be processed. Upload it again.',
    );
  }
  throw new AppError(
    'video.not_ready',
    'This video is still being processed. Try again in a moment.',
    { retryAfterSeconds: 5 },
  );
}

/** True for the published run and for the one before it, which viewers may still be in the middle of. */
export function isPlayable(record: PlaybackRecord, revision: string): boolean {
  return record.revision === revision || record.previousRevision === revision;
}

/** The one answer for a video that is unknown, deleted, or named by something that is no video id. */
export function unknownVideo(): AppError {
  return new AppError('video.not_found', 'There is no such video.');
}

/** The answer for a part of a video that its published run does not have. */
export function unknownPart(): AppError {
  return new AppError(
    'request.not_found',
    'This video has no such part. Load its manifest again: it may have been processed anew.',
  );
}

/** The answer for an address that no video has. It says nothing about the video named in it. */
export function unknownAddress(): AppError {
  return new AppError(
    'request.not_found',
    'There is nothing at this address: no video has a file of this name.',
  );
}
