import { createId } from '../../src/contracts/ids.ts';
import type { Scope } from '../../src/contracts/principal.ts';
import { hashApiToken } from './api-token-text.ts';

/** The account of a fresh installation. */
const DEFAULT_ACCOUNT_ID = 'default';

const MIN_TOKEN_LENGTH = 32;
const ADMIN_SCOPES: readonly Scope[] = ['admin'];

/**
 * SQL for `wrangler d1 execute --file` that makes the account `default` and its first admin token. Only the token's
 * hash is in it; running it again, also with another token, loses nothing. `now` in ms. Throws on a short token.
 */
export function firstRunSql(token: string, now: number): string {
  if (token.length < MIN_TOKEN_LENGTH) {
    throw new Error(`the admin token must have at least ${MIN_TOKEN_LENGTH} characters`);
  }
  const account = [DEFAULT_ACCOUNT_ID, 'Default', now].map(literal);
  const admin = [
    createId('tok', now),
    DEFAULT_ACCOUNT_ID,
    'admin',
    hashApiToken(token),
    JSON.stringify(ADMIN_SCOPES),
    now,
  ].map(literal);
  return [
    `INSERT OR IGNORE INTO accounts (id, name, created_at) VALUES (${account.join(', ')});`,
    `INSERT OR IGNORE INTO api_tokens (id, account_id, name, hash, scopes, created_at) VALUES (${admin.join(', ')});`,
    '',
  ].join('\n');
}

function literal(value: string | number): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (!Number.isSafeInteger(value)) throw new Error(`${value} is not a time in milliseconds`);
  return String(value);
}
