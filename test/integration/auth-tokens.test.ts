import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { ADMIN_TOKEN, call, seedToken } from './accounts.ts';
import { post, statusOf } from './auth-client.ts';

interface Token {
  readonly id: string;
  readonly token: string;
  readonly expiresAt?: string;
}

async function make(body: object = {}, token?: string): Promise<Token> {
  const response = await post('/api/v1/tokens', { name: 'ci', scopes: ['admin'], ...body }, token);
  expect(response.status).toBe(201);
  return response.json<Token>();
}

async function revoke(id: string, token?: string): Promise<Response> {
  return call(`/api/v1/tokens/${id}`, { method: 'DELETE' }, token);
}

describe('POST /api/v1/tokens', () => {
  test('shows the token once and stores its hash only', async () => {
    const made = await make();
    expect(made.token).toMatch(/^sg_[A-Za-z0-9_-]{43}$/);
    expect(await statusOf(made.token)).toBe(200);
    const { results } = await env.DB.prepare('SELECT * FROM api_tokens').all();
    expect(results).toHaveLength(2);
    expect(JSON.stringify(results)).not.toContain(made.token);
    const listed = await (await call('/api/v1/tokens')).text();
    expect(listed).toContain(made.id);
    expect(listed).not.toMatch(/hash|sg_/);
  });

  test('a token ends at its expiry', async () => {
    const made = await make({ expiresInSeconds: 3600 });
    expect(Date.parse(made.expiresAt ?? '') - Date.now()).toBeGreaterThan(3_590_000);
    await env.DB.prepare('UPDATE api_tokens SET expires_at = ? WHERE id = ?')
      .bind(Date.now() - 1, made.id)
      .run();
    expect(await statusOf(made.token)).toBe(401);
  });

  test.each([
    [{ scopes: ['videos:read', 'root'] }, '/scopes/1'],
    [{ scopes: [] }, '/scopes'],
    [{ scopes: ['admin', 'admin'] }, '/scopes'],
    [{ name: '  ' }, '/name'],
    [{ expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    [{ expiresAt: '2090-01-01T00:00:00Z' }, '/expiresAt'],
    [{ expiresAt: 'tomorrow' }, '/expiresAt'],
    [{ expiresInSeconds: 0 }, '/expiresInSeconds'],
    [{ expiresAt: '2030-01-01T00:00:00Z', expiresInSeconds: 60 }, '/expiresAt'],
    [{ accountId: 'other' }, '/accountId'],
    [{ hash: 'x' }, '/hash'],
  ])('refuses %j naming %s', async (change, pointer) => {
    const response = await post('/api/v1/tokens', { name: 'ci', scopes: ['admin'], ...change });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'request.invalid', pointer });
  });

  test('refuses a body that is missing, broken, huge or not JSON', async () => {
    const json = { 'content-type': 'application/json' };
    const statuses = await Promise.all([
      call('/api/v1/tokens', { method: 'POST' }),
      call('/api/v1/tokens', { method: 'POST', headers: json, body: '{' }),
      call('/api/v1/tokens', { method: 'POST', headers: json, body: ' '.repeat(70_000) }),
      call('/api/v1/tokens', { method: 'POST', body: 'name=x' }),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([400, 400, 413, 400]);
  });

  test('nobody grants a scope that he lacks', async () => {
    await seedToken('writer-token', ['tokens:write', 'videos:read']);
    const granted = await make({ scopes: ['videos:read'] }, 'writer-token');
    expect(await statusOf(granted.token)).toBe(403);
    for (const scope of ['admin', 'videos:write']) {
      const body = { name: 'more', scopes: ['videos:read', scope] };
      const response = await post('/api/v1/tokens', body, 'writer-token');
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'auth.forbidden', pointer: '/scopes/1' });
    }
  });
});

describe('DELETE /api/v1/tokens/{id}', () => {
  test('revokes at once, for good, and again without harm', async () => {
    const made = await make();
    const first = await revoke(made.id);
    expect(first.status).toBe(200);
    expect(await statusOf(made.token)).toBe(401);
    const { revokedAt } = await first.json<{ revokedAt: string }>();
    const again = await revoke(made.id);
    expect(await again.json()).toMatchObject({ id: made.id, revokedAt });
  });

  test('says when a token revokes itself', async () => {
    const made = await make();
    const answer = await (await revoke(made.id, made.token)).json<{ message: string }>();
    expect(answer.message).toContain('the token you called with');
  });

  test('keeps accounts apart', async () => {
    await seedToken('other-account-token', ['admin'], 'other');
    const made = await make();
    for (const id of [made.id, 'tok_unknown']) {
      const response = await revoke(id, 'other-account-token');
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: 'token.not_found' });
    }
    expect(await statusOf(made.token)).toBe(200);
    const listed = await (await call('/api/v1/tokens', {}, 'other-account-token')).text();
    expect(listed).not.toContain(made.id);
  });
});

describe('GET /api/v1/tokens', () => {
  test('lists the newest first, page by page', async () => {
    const ids = [(await make()).id];
    await scheduler.wait(2);
    ids.unshift((await make()).id);
    const seen: string[] = [];
    let next: string | undefined = '';
    while (next !== undefined) {
      const query = next === '' ? '' : `&after=${next}`;
      const page = await call(`/api/v1/tokens?limit=1${query}`);
      const body = await page.json<{ tokens: { id: string }[]; next?: string }>();
      seen.push(...body.tokens.map(({ id }) => id));
      next = body.next;
    }
    expect(seen.filter((id) => ids.includes(id))).toEqual(ids);
    expect(seen).toHaveLength(3);
  });
});

describe('who may call', () => {
  test('the scope tokens:write is needed, and a token at all', async () => {
    await seedToken('reader-token', ['videos:read', 'videos:write']);
    expect(await statusOf('reader-token')).toBe(403);
    const nobody = await call('/api/v1/tokens', {}, '');
    expect(nobody.status).toBe(401);
    expect(nobody.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('a bad token is refused with a challenge, in the form of the path', async () => {
    for (const authorization of [
      'Bearer nonsense',
      'Bearer ',
      'Basic x',
      `bearer ${ADMIN_TOKEN} x`,
    ]) {
      const response = await call('/api/v1/tokens', { headers: { authorization } }, '');
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      expect(await response.json()).toMatchObject({ code: 'auth.invalid_token' });
    }
    const stream = await call('/client/v4/accounts/default/stream', {}, 'nonsense');
    expect(stream.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(await stream.json()).toMatchObject({ success: false, errors: [{ code: 10001 }] });
  });

  test('identity headers from outside mean nothing', async () => {
    const headers = {
      'x-account-id': 'default',
      'x-principal': 'admin',
      'x-auth-key': ADMIN_TOKEN,
    };
    expect((await call('/api/v1/tokens', { headers }, '')).status).toBe(401);
  });
});

describe('a token made by a token', () => {
  test('never outlives its maker', async () => {
    const maker = await make({ scopes: ['tokens:write'], expiresInSeconds: 60 });
    for (const asked of [{}, { expiresInSeconds: 3600 }]) {
      const made = await make({ scopes: ['tokens:write'], ...asked }, maker.token);
      expect(made.expiresAt).toBe(maker.expiresAt);
    }
  });

  test('cannot revoke a token that may do more', async () => {
    const keeper = await make({ scopes: ['tokens:write'] });
    const admin = await make();
    expect((await revoke(admin.id, keeper.token)).status).toBe(403);
    expect(await statusOf(admin.token)).toBe(200);
    const equal = await make({ scopes: ['tokens:write'] });
    expect((await revoke(equal.id, keeper.token)).status).toBe(200);
    expect((await revoke(keeper.id, keeper.token)).status).toBe(200);
  });
});
