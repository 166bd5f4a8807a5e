import { env } from 'cloudflare:workers';

import { drizzle } from 'drizzle-orm/d1';

import type { MetadataApi } from '../../src/contracts/service-apis.ts';
import { signingKeys } from '../../src/db/auth.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { generateSigningKey } from '../../workers/auth/generate-key.ts';
import { PLATFORM } from '../../workers/auth/key-store.ts';
import type { SigningKeyRow } from '../../workers/auth/key-store.ts';
import { ADMIN_TOKEN, call } from './accounts.ts';

/** A call with a JSON body. */
export async function post(path: string, body?: unknown, token = ADMIN_TOKEN): Promise<Response> {
  if (body === undefined) return call(path, { method: 'POST' }, token);
  const headers = { 'content-type': 'application/json' };
  return call(path, { method: 'POST', headers, body: JSON.stringify(body) }, token);
}

/** An access token for an API token. Throws when it is refused. */
export async function exchange(apiToken: string, body?: unknown): Promise<string> {
  const response = await post('/api/v1/auth/token', body, apiToken);
  if (response.status !== 200) throw new Error(await response.text());
  return (await response.json<{ accessToken: string }>()).accessToken;
}

let accessKey: SigningKeyRow | undefined;

/** The same access key in every test of a file: the gateway's isolate remembers it when the database is reset. */
export async function seedAccessKey(): Promise<void> {
  const now = Date.now();
  accessKey ??= {
    ...(await generateSigningKey(PLATFORM, env.KEY_ENCRYPTION_SECRET, now)),
    signsFrom: now,
  };
  await drizzle(env.DB).insert(signingKeys).values(accessKey);
}

/** A ready video of the account, as the metadata service keeps it. */
export async function seedVideo(uid: string, accountId: string): Promise<void> {
  await env.DB.prepare(
    `INSERT INTO videos (uid, account_id, state, name, meta, created_at, modified_at)
     VALUES (?, ?, 'ready', 'clip', '{}', ?, ?)`,
  )
    .bind(uid, accountId, Date.now(), Date.now())
    .run();
  await provideMetadata();
}

/** Stands in for the metadata service where the Worker under test runs without it. */
async function provideMetadata(): Promise<void> {
  const { services } = await serviceContext();
  if (services.find('metadata') !== undefined) return;
  const findVideo = async (accountId: string, uid: string): Promise<unknown> =>
    (await env.DB.prepare('SELECT uid FROM videos WHERE account_id = ? AND uid = ?')
      .bind(accountId, uid)
      .first()) ?? undefined;
  services.provide('metadata', { findVideo } as unknown as MetadataApi);
}

/** The status that the token gets from a route for administrators. */
export async function statusOf(token: string): Promise<number> {
  return (await call('/api/v1/tokens', {}, token)).status;
}
