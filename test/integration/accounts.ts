import { env, exports } from 'cloudflare:workers';

import { SCOPES } from '../../src/contracts/principal.ts';
import type { Scope } from '../../src/contracts/principal.ts';

export const ACCOUNT = 'default';
export const ADMIN_TOKEN = 'integration-admin-token-0123456789abcdef';

/** The account `default` and its admin token, as the first run makes them. */
export async function seedAccount(): Promise<void> {
  await env.DB.prepare('INSERT OR IGNORE INTO accounts (id, name, created_at) VALUES (?, ?, ?)')
    .bind(ACCOUNT, 'Default', Date.now())
    .run();
  await seedToken(ADMIN_TOKEN, SCOPES);
}

/** Another API token with the given scopes, of the given account. */
export async function seedToken(
  token: string,
  scopes: readonly Scope[],
  accountId = ACCOUNT,
): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  const id = `tok_${token.slice(0, 30)}`;
  await env.DB.prepare(
    'INSERT OR IGNORE INTO api_tokens (id, account_id, name, hash, scopes, created_at) VALUES (?, ?, ?, ?, ?, ?)',
  )
    .bind(
      id,
      accountId,
      'test',
      Buffer.from(digest).toString('hex'),
      JSON.stringify(scopes),
      Date.now(),
    )
    .run();
  return id;
}

/** A request to the whole Worker, as admin unless another token (or none: '') is given. */
export async function call(
  path: string,
  init: RequestInit = {},
  token = ADMIN_TOKEN,
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== '') headers.set('authorization', `Bearer ${token}`);
  return exports.default.fetch(new Request(`http://gate.test${path}`, { ...init, headers }));
}
