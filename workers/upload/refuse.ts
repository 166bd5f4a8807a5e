import { AppError } from '../../src/contracts/errors.ts';
import type { PublicUploadState, Refusal } from './upload-state.ts';

/** Why an upload takes no more: the error that names the state and the way out. */
export function refuse(refusal: Refusal): AppError {
  if (refusal.kind === 'unknown') return uploadNotFound();
  return refusal.state === 'expired'
    ? new AppError(
        'upload.expired',
        'This upload was not completed in time and its parts are gone. Begin a new upload.',
      )
    : new AppError('upload.closed', whyClosed(refusal.state));
}

/** For an id that is nobody's, or another account's. */
export function uploadNotFound(): AppError {
  return new AppError('upload.not_found', 'There is no upload with this id in your account.');
}

/** For a key that began an upload with other fields. */
export function keyReused(): AppError {
  return new AppError(
    'upload.key_reused',
    'This Idempotency-Key began an upload with other fields. Repeat it with the same ones, or use a new key.',
    { pointer: 'Idempotency-Key' },
  );
}

/** For a key whose upload answers no more. */
export function keySpent(): AppError {
  return new AppError(
    'upload.closed',
    'The upload that this Idempotency-Key began is over. Use a new key for another upload.',
    { pointer: 'Idempotency-Key' },
  );
}

function whyClosed(state: PublicUploadState): string {
  if (state === 'completed') {
    return 'This upload is complete. To get rid of it delete its video; to send another file begin a new upload.';
  }
  if (state === 'completing')
    return 'This upload is being completed. Ask for it again in a moment.';
  return 'This upload was aborted. Begin a new upload.';
}
