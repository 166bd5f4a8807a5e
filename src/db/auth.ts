import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

import type { JWK } from 'jose';

import type { Scope } from '../contracts/principal.ts';

export const accounts = sqliteTable('accounts', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  createdAt: integer('created_at').notNull(),
});

export const apiTokens = sqliteTable(
  'api_tokens',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id').notNull(),
    name: text('name').notNull(),
    /** SHA-256 of the token, lower-case hex; the token itself is shown once and not kept. */
    hash: text('hash').notNull().unique(),
    scopes: text('scopes', { mode: 'json' }).$type<readonly Scope[]>().notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at'),
    revokedAt: integer('revoked_at'),
  },
  (table) => [
    index('api_tokens_account').on(table.accountId, table.id),
    index('api_tokens_revoked').on(table.revokedAt),
  ],
);

export const signingKeys = sqliteTable(
  'signing_keys',
  {
    id: text('id').primaryKey(),
    /** `access` keys are the platform's (account ''), `playback` keys an account's. */
    kind: text('kind', { enum: ['access', 'playback'] }).notNull(),
    accountId: text('account_id').notNull(),
    publicJwk: text('public_jwk', { mode: 'json' }).$type<JWK>().notNull(),
    /** Private JWK, AES-GCM under KEY_ENCRYPTION_SECRET, base64url. */
    sealedPrivateJwk: text('sealed_private_jwk').notNull(),
    createdAt: integer('created_at').notNull(),
    /** From when it signs: published before, so that every verifier knows it. */
    signsFrom: integer('signs_from').notNull(),
    /** Until when it verifies; absent while it is the newest. */
    verifiesUntil: integer('verifies_until'),
  },
  (table) => [index('signing_keys_owner').on(table.kind, table.accountId, table.signsFrom)],
);
