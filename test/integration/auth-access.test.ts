import { inspect } from 'node:util';

import { env } from 'cloudflare:workers';
import { base64url, decodeJwt, decodeProtectedHeader } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';

import type { AccessTokenSnapshot } from '../../src/contracts/service-apis.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { verifyAccessToken } from '../../src/http/access-token.ts';
import { signTaskToken } from '../../src/http/task-token.ts';
import { hashApiToken } from '../../workers/auth/api-token-text.ts';
import { ADMIN_TOKEN, call, seedToken } from './accounts.ts';
import { exchange, post, seedAccessKey, statusOf } from './auth-client.ts';

const ISSUER = env.PUBLIC_URL;

beforeEach(seedAccessKey);

async function snapshot(): Promise<AccessTokenSnapshot> {
  return (await serviceContext()).services.get('auth').accessTokenSnapshot();
}

describe('POST /api/v1/auth/token', () => {
  test('gives a short-lived token that the whole API takes', async () => {
    const response = await post('/api/v1/auth/token');
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const body = await response.json<{ accessToken: string; expiresIn: number }>();
    expect(body).toMatchObject({ tokenType: 'Bearer', expiresIn: 300 });
    expect(decodeProtectedHeader(body.accessToken)).toMatchObject({ alg: 'EdDSA', typ: 'at+jwt' });
    const claims = decodeJwt(body.accessToken);
    expect(claims).toMatchObject({ iss: ISSUER, aud: 'api', sub: 'default' });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(300);
    expect(await statusOf(body.accessToken)).toBe(200);
  });

  test('gives fewer scopes on request, never more', async () => {
    const narrow = await exchange(ADMIN_TOKEN, { scopes: ['videos:read'], expiresInSeconds: 60 });
    expect(decodeJwt(narrow)).toMatchObject({ scope: 'videos:read' });
    expect(await statusOf(narrow)).toBe(403);
    await seedToken('reader-token', ['videos:read']);
    const more = await post('/api/v1/auth/token', { scopes: ['admin'] }, 'reader-token');
    expect(more.status).toBe(403);
    const longer = await post('/api/v1/auth/token', { expiresInSeconds: 301 });
    expect(await longer.json()).toMatchObject({ pointer: '/expiresInSeconds' });
  });

  test('an empty JSON body is none', async () => {
    const headers = { 'content-type': 'application/json' };
    const response = await call('/api/v1/auth/token', { method: 'POST', headers, body: '' });
    expect(response.status).toBe(200);
  });

  test('takes no access token, no other kind, and nothing at all', async () => {
    const access = await exchange(ADMIN_TOKEN);
    expect((await post('/api/v1/auth/token', {}, access)).status).toBe(401);
    expect((await post('/api/v1/auth/token', {}, '')).status).toBe(401);
  });

  test('never outlives its API token', async () => {
    const id = await seedToken('ending-token', ['admin']);
    await env.DB.prepare('UPDATE api_tokens SET expires_at = ? WHERE id = ?')
      .bind(Date.now() + 20_000, id)
      .run();
    const { exp = 0 } = decodeJwt(await exchange('ending-token'));
    expect(exp * 1000).toBeLessThanOrEqual(Date.now() + 20_000);
  });
});

describe('checking access tokens', () => {
  test('costs no database read once the keys are known', async () => {
    const access = await exchange(ADMIN_TOKEN, { scopes: ['videos:read'] });
    expect(await statusOf(access)).toBe(403);
    await env.DB.exec('ALTER TABLE api_tokens RENAME TO hidden');
    expect(await statusOf(access)).toBe(403);
    expect(await statusOf(ADMIN_TOKEN)).toBe(503);
  });

  test('a database failure is told without the token or its hash', async () => {
    const { services } = await serviceContext();
    await env.DB.exec('ALTER TABLE api_tokens RENAME TO hidden');
    const error: unknown = await services
      .get('auth')
      .authenticateApiToken(ADMIN_TOKEN)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'service.unavailable' });
    const told = inspect(error, { depth: 10 });
    expect(told).toContain('no such table');
    expect(told).not.toContain(ADMIN_TOKEN);
    expect(told).not.toContain(hashApiToken(ADMIN_TOKEN));
  });

  test('the snapshot names a token revoked just now, and forgets it later', async () => {
    const id = await seedToken('doomed-token', ['admin']);
    const access = await exchange('doomed-token');
    const expected = { issuer: ISSUER, now: Date.now() };
    expect(await verifyAccessToken(access, await snapshot(), expected)).toMatchObject({
      tokenId: id,
    });
    await call(`/api/v1/tokens/${id}`, { method: 'DELETE' });
    expect(await verifyAccessToken(access, await snapshot(), expected)).toBeUndefined();
    await expect(exchange('doomed-token')).rejects.toThrow('auth.invalid_token');
    await env.DB.prepare('UPDATE api_tokens SET revoked_at = ? WHERE id = ?')
      .bind(Date.now() - 361_000, id)
      .run();
    expect((await snapshot()).revokedTokenIds).toEqual([]);
  });

  test('no other kind of token, and no changed one, opens the API', async () => {
    const access = await exchange(ADMIN_TOKEN);
    expect(await statusOf(access)).toBe(200);
    const [head, body, signature] = access.split('.');
    const claims = base64url.encode(JSON.stringify({ ...decodeJwt(access), sub: 'other' }));
    const task = { jobId: 'job_1', taskId: 't1', epoch: 1 };
    const refused = [
      await signTaskToken(env.TASK_TOKEN_SECRET, task, Date.now()),
      `${head}.${claims}.${signature}`,
      `${head}.${body}.`,
      `${base64url.encode('{"alg":"none"}')}.${body}.`,
      `${access}=`,
      `${'a'.repeat(5000)}.b.c`,
    ];
    expect(await Promise.all(refused.map(statusOf))).toEqual(refused.map(() => 401));
  });
});
