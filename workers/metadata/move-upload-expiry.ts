import { AppError } from '../../src/contracts/errors.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import type { VideoRow } from './video-rows.ts';

const MINUTE_MS = 60_000;
/** The least that Stream leaves to an uploader. */
const SOONEST_MS = 2 * MINUTE_MS;
/** R2 gives up the parts of an upload seven days after it began. */
const LATEST_MS = 7 * 24 * 60 * MINUTE_MS;

/** Moves the end of the video's upload, in the upload itself. Throws when the time is out of bounds or the upload is over. */
export async function moveUploadExpiry(
  services: ServiceContext['services'],
  row: Pick<VideoRow, 'uid' | 'state' | 'createdAt'>,
  expiresAt: number,
  now: number,
): Promise<void> {
  if (row.state !== 'pendingupload') throw refuse('The upload of this video is over.');
  if (expiresAt < now + SOONEST_MS)
    throw refuse('An upload needs at least two minutes from now on.');
  if (expiresAt > row.createdAt + LATEST_MS)
    throw refuse('An upload may take at most seven days from its beginning.');
  if (!(await services.get('upload').moveExpiry(row.uid, expiresAt)))
    throw refuse('The upload of this video is over.');
}

function refuse(message: string): AppError {
  return new AppError('request.invalid', message, { pointer: '/uploadExpiry' });
}
