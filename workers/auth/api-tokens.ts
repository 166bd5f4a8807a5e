import { and, desc, eq, gt, isNotNull, lt, sql } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';

import { AppError } from '../../src/contracts/errors.ts';
import { createId } from '../../src/contracts/ids.ts';
import type { Scope } from '../../src/contracts/principal.ts';
import type { ApiToken } from '../../src/contracts/service-apis.ts';
import { apiTokens } from '../../src/db/auth.ts';
import { createApiTokenText, hashApiToken } from './api-token-text.ts';
import { guardQuery } from './guard-query.ts';

const MAX_TOKEN_LENGTH = 256;
const MAX_REVOKED_LISTED = 10_000;

/** An API token with the account that it belongs to. */
export interface OwnedToken extends ApiToken {
  readonly accountId: string;
}

export interface NewApiToken {
  readonly accountId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: number | undefined;
}

/** Makes a token. Its text is in the answer and nowhere else. */
export async function createApiToken(
  db: DrizzleD1Database,
  wanted: NewApiToken,
  now: number,
): Promise<{ readonly text: string; readonly token: ApiToken }> {
  const text = createApiTokenText();
  const row = { ...wanted, id: createId('tok', now), hash: hashApiToken(text), createdAt: now };
  const [made] = await guardQuery(db.insert(apiTokens).values(row).returning());
  if (made === undefined) throw new Error('the token was not stored');
  return { text, token: toApiToken(made) };
}

/** The token with this text if it is valid at `now`. One read. */
export async function findValidToken(
  db: DrizzleD1Database,
  text: string,
  now: number,
): Promise<OwnedToken | undefined> {
  if (text === '' || text.length > MAX_TOKEN_LENGTH) return undefined;
  const withHash = eq(apiTokens.hash, hashApiToken(text));
  const rows = await guardQuery(db.select().from(apiTokens).where(withHash));
  const row = rows.at(0);
  if (row === undefined || row.revokedAt !== null) return undefined;
  if (row.expiresAt !== null && row.expiresAt <= now) return undefined;
  return { ...toApiToken(row), accountId: row.accountId };
}

/** The account's tokens, newest first, also expired and revoked ones. */
export async function listApiTokens(
  db: DrizzleD1Database,
  accountId: string,
  page: { readonly limit: number; readonly after?: string | undefined },
): Promise<ApiToken[]> {
  const rows = await db
    .select()
    .from(apiTokens)
    .where(
      and(
        eq(apiTokens.accountId, accountId),
        page.after === undefined ? undefined : lt(apiTokens.id, page.after),
      ),
    )
    .orderBy(desc(apiTokens.id))
    .limit(page.limit);
  return rows.map(toApiToken);
}

/** The account's token of this id, whatever became of it. */
export async function findApiToken(
  db: DrizzleD1Database,
  owner: { readonly accountId: string; readonly id: string },
): Promise<ApiToken | undefined> {
  const rows = await db
    .select()
    .from(apiTokens)
    .where(and(eq(apiTokens.id, owner.id), eq(apiTokens.accountId, owner.accountId)));
  return rows.map(toApiToken).at(0);
}

/** When a token made by another may end: never after its maker. Throws when the maker is over by now. */
export async function latestExpiry(
  db: DrizzleD1Database,
  makerId: string,
  wanted: number | undefined,
  now: number,
): Promise<number | undefined> {
  const rows = await guardQuery(db.select().from(apiTokens).where(eq(apiTokens.id, makerId)));
  const maker = rows.at(0);
  if (maker === undefined || maker.revokedAt !== null || (maker.expiresAt ?? Infinity) <= now) {
    throw new AppError('auth.invalid_token', 'The token behind this call is over.');
  }
  const latest = Math.min(wanted ?? Infinity, maker.expiresAt ?? Infinity);
  return latest === Infinity ? undefined : latest;
}

/** Revokes for good; a repeat keeps the first time. Undefined when the account has no such token. */
export async function revokeApiToken(
  db: DrizzleD1Database,
  owner: { readonly accountId: string; readonly id: string },
  now: number,
): Promise<ApiToken | undefined> {
  const rows = await db
    .update(apiTokens)
    .set({ revokedAt: sql`coalesce(revoked_at, ${now})` })
    .where(and(eq(apiTokens.id, owner.id), eq(apiTokens.accountId, owner.accountId)))
    .returning();
  return rows.map(toApiToken).at(0);
}

/** Ids of tokens revoked after `since`, of every account, latest first. */
export async function listRevokedIds(db: DrizzleD1Database, since: number): Promise<string[]> {
  const rows = await db
    .select({ id: apiTokens.id })
    .from(apiTokens)
    .where(and(isNotNull(apiTokens.revokedAt), gt(apiTokens.revokedAt, since)))
    .orderBy(desc(apiTokens.revokedAt))
    .limit(MAX_REVOKED_LISTED);
  return rows.map(({ id }) => id);
}

function toApiToken(row: typeof apiTokens.$inferSelect): ApiToken {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    createdAt: row.createdAt,
    ...(row.expiresAt !== null && { expiresAt: row.expiresAt }),
    ...(row.revokedAt !== null && { revokedAt: row.revokedAt }),
  };
}
