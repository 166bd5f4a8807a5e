import { and, asc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';

import { signingKeys } from '../../src/db/auth.ts';
import { guardQuery } from './guard-query.ts';
import type { KeyKind } from './key-schedule.ts';
import { UNPUBLISHED } from './key-schedule.ts';

const MAX_LISTED = 1000;
const MAX_PRUNED = 100;

export type SigningKeyRow = typeof signingKeys.$inferSelect;

/** Whose keys: the platform's (`access`, account '') or one account's (`playback`). */
export interface KeyOwner {
  readonly kind: KeyKind;
  readonly accountId: string;
}

export const PLATFORM: KeyOwner = { kind: 'access', accountId: '' };

/** All keys of an owner, oldest first. */
export async function listKeys(db: DrizzleD1Database, owner: KeyOwner): Promise<SigningKeyRow[]> {
  return guardQuery(
    db.select().from(signingKeys).where(ownedBy(owner)).orderBy(asc(signingKeys.id)),
  );
}

/** Playback keys of every account that verify at `now`. */
export async function listPlaybackKeys(
  db: DrizzleD1Database,
  now: number,
): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(and(eq(signingKeys.kind, 'playback'), verifyingAt(now)))
    .orderBy(asc(signingKeys.accountId), asc(signingKeys.id))
    .limit(MAX_LISTED);
}

/** Adds an unpublished key unless the owner has one that does not sign yet, or `onlyFirst` and it has any that lasts. */
export async function insertKey(
  db: DrizzleD1Database,
  row: SigningKeyRow,
  onlyFirst: boolean,
): Promise<void> {
  const rival = onlyFirst ? sql`verifies_until IS NULL` : sql`signs_from > ${row.createdAt}`;
  const insert = sql`
    INSERT INTO signing_keys
      (id, kind, account_id, public_jwk, sealed_private_jwk, created_at, signs_from)
    SELECT ${row.id}, ${row.kind}, ${row.accountId}, ${JSON.stringify(row.publicJwk)},
      ${row.sealedPrivateJwk}, ${row.createdAt}, ${UNPUBLISHED}
    WHERE NOT EXISTS (
      SELECT 1 FROM signing_keys
      WHERE kind = ${row.kind} AND account_id = ${row.accountId} AND ${rival}
    )`;
  await guardQuery(db.run(insert));
}

/** Lets a published key sign, and its elders verify until their end, in one step. A repeat changes nothing. */
export async function startSigning(
  db: DrizzleD1Database,
  key: SigningKeyRow,
  times: { readonly signsFrom: number; readonly eldersVerifyUntil: number },
): Promise<void> {
  const unpublished = sql`EXISTS (
    SELECT 1 FROM signing_keys WHERE id = ${key.id} AND signs_from = ${UNPUBLISHED})`;
  await db.batch([
    db
      .update(signingKeys)
      .set({ verifiesUntil: times.eldersVerifyUntil })
      .where(
        and(
          ownedBy(key),
          lt(signingKeys.signsFrom, UNPUBLISHED),
          isNull(signingKeys.verifiesUntil),
          unpublished,
        ),
      ),
    db
      .update(signingKeys)
      .set({ signsFrom: times.signsFrom })
      .where(and(eq(signingKeys.id, key.id), eq(signingKeys.signsFrom, UNPUBLISHED))),
  ]);
}

/** Keys of every owner that verify nothing since `before`, the first hundred. */
export async function listRetiredKeys(
  db: DrizzleD1Database,
  before: number,
): Promise<SigningKeyRow[]> {
  return db
    .select()
    .from(signingKeys)
    .where(lt(signingKeys.verifiesUntil, before))
    .limit(MAX_PRUNED);
}

export async function deleteKey(db: DrizzleD1Database, id: string): Promise<void> {
  await db.delete(signingKeys).where(eq(signingKeys.id, id));
}

function ownedBy(owner: KeyOwner): SQL | undefined {
  return and(eq(signingKeys.kind, owner.kind), eq(signingKeys.accountId, owner.accountId));
}

function verifyingAt(now: number): SQL | undefined {
  return or(isNull(signingKeys.verifiesUntil), gt(signingKeys.verifiesUntil, now));
}
