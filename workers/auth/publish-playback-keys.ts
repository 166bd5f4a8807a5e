import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { JWK } from 'jose';

import { AppError } from '../../src/contracts/errors.ts';
import { playbackKeysKey } from '../../src/contracts/object-keys.ts';
import { chooseVerifying } from './key-schedule.ts';
import { listKeys } from './key-store.ts';
import type { SigningKeyRow } from './key-store.ts';

const MAX_ATTEMPTS = 5;

/**
 * Writes the account's verifying playback keys to R2, where streaming reads them. The write holds only if nobody wrote
 * since the rows were read, so a slow writer never brings an older set back.
 */
export async function publishPlaybackKeys(
  parts: { readonly db: DrizzleD1Database; readonly bucket: R2Bucket },
  accountId: string,
  now: number,
): Promise<void> {
  const key = playbackKeysKey(accountId);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const seen = await parts.bucket.head(key);
    const rows = await listKeys(parts.db, { kind: 'playback', accountId });
    const keys = chooseVerifying(rows, now).map(toVerifyingJwk);
    const written = await parts.bucket.put(key, JSON.stringify({ keys }), {
      onlyIf: seen === null ? { etagDoesNotMatch: '*' } : { etagMatches: seen.etag },
      httpMetadata: { contentType: 'application/jwk-set+json' },
    });
    if (written !== null) return;
  }
  throw new AppError('service.unavailable', 'The playback keys are being changed. Try again.');
}

/** The public half, with the second from which it verifies nothing. */
export function toVerifyingJwk(row: SigningKeyRow): JWK {
  if (row.verifiesUntil === null) return row.publicJwk;
  return { ...row.publicJwk, exp: Math.floor(row.verifiesUntil / 1000) } as JWK;
}
