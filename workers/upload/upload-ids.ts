import { createId, createUid } from '../../src/contracts/ids.ts';
import type { CreateUpload } from './upload-schemas.ts';

const ID_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_DIGITS = 26;
const UID_DIGITS = 32;

export interface UploadIds {
  readonly id: string;
  readonly uid: string;
}

/** Ids of a new upload. With an idempotency key they follow from account and key, so that a repeat finds the same upload without a table of keys. */
export async function createUploadIds(
  accountId: string,
  idempotencyKey: string | undefined,
  now: number,
): Promise<UploadIds> {
  if (idempotencyKey === undefined) return { id: createId('upl', now), uid: createUid() };
  const id = await digestOf(['upload', accountId, idempotencyKey]);
  const uid = await digestOf(['video', accountId, idempotencyKey]);
  const digits = Array.from(id.subarray(0, ID_DIGITS), (byte) => ID_ALPHABET.charAt(byte % 32));
  return {
    id: `upl_${digits.join('')}`,
    uid: Buffer.from(uid).toString('hex').slice(0, UID_DIGITS),
  };
}

/** Equal for equal wishes, in whatever order their fields come. */
export async function digestWish(wish: CreateUpload): Promise<string> {
  return Buffer.from(await digestOf(wish)).toString('hex');
}

async function digestOf(value: unknown): Promise<Uint8Array> {
  const text = new TextEncoder().encode(JSON.stringify(value, sortFields));
  return new Uint8Array(await crypto.subtle.digest('SHA-256', text));
}

function sortFields(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
