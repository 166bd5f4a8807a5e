import { createId, createUid } from '../../src/contracts/ids.ts';
import { digestValue, idDigitsOf } from '../../src/http/idempotency.ts';

const UID_DIGITS = 32;

export interface UploadIds {
  readonly id: string;
  readonly uid: string;
}

/** Ids of a new upload. With an idempotency key they follow from account and key, so that a repeat finds the same upload. */
export async function createUploadIds(
  accountId: string,
  idempotencyKey: string | undefined,
  now: number,
): Promise<UploadIds> {
  if (idempotencyKey === undefined) return { id: createId('upl', now), uid: createUid() };
  const uid = await digestValue(['video', accountId, idempotencyKey]);
  return {
    id: `upl_${await idDigitsOf(['upload', accountId, idempotencyKey])}`,
    uid: uid.slice(0, UID_DIGITS),
  };
}
