import { AppError } from '../../src/contracts/errors.ts';

const RETRY_AFTER_SECONDS = 2;

/** Reads an object, or a run of its bytes. `undefined` when it is not there; throws `service.unavailable` when R2 does not answer. */
export async function readObject(
  media: R2Bucket,
  key: string,
  range?: { readonly offset: number; readonly length: number },
): Promise<R2ObjectBody | undefined> {
  return answered(range === undefined ? media.get(key) : media.get(key, { range }));
}

/** What is known of an object without its bytes. `undefined` when it is not there; throws `service.unavailable` when R2 does not answer. */
export async function headObject(media: R2Bucket, key: string): Promise<R2Object | undefined> {
  return answered(media.head(key));
}

async function answered<T>(answer: Promise<T | null>): Promise<T | undefined> {
  try {
    return (await answer) ?? undefined;
  } catch (error) {
    throw new AppError(
      'service.unavailable',
      'The media store does not answer. Try again in a moment.',
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
      error,
    );
  }
}
