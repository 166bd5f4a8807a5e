import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, test } from 'vitest';

import type { Config } from '../../src/kernel/config.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { createApp } from '../../workers/gateway/app.ts';
import { ADMIN_TOKEN, call, seedToken } from './accounts.ts';

/** What the test configuration gives to both of the platform's limiters. */
const ROUGH_LIMIT = 3;
/** Another client in every test: the platform's limiters are not reset between them. */
let clients = 0;
let address = '';

beforeEach(() => {
  clients += 1;
  address = `203.0.113.${clients}`;
});

type Call = (path: string, init?: RequestInit, token?: string) => Promise<Response>;

/** The gateway with limits on. */
async function aGateway(limits: Partial<Config> = {}): Promise<Call> {
  // The isolate's own wiring is made by its first request.
  await call('/health/live');
  const context = await serviceContext();
  const app = createApp({
    ...context,
    config: { ...context.config, RATE_LIMITS: 'on', ...limits },
  });
  return async (path, init = {}, token = ADMIN_TOKEN) => {
    const headers = new Headers({ 'cf-connecting-ip': address, ...(init.headers as object) });
    if (token !== '') headers.set('authorization', `Bearer ${token}`);
    const request = new Request(`http://gate.test${path}`, { ...init, headers });
    return app.fetch(request, env, createExecutionContext());
  };
}

/** Statuses of as many calls, one after the other. */
async function statuses(count: number, ask: () => Promise<Response>): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i += 1) seen.push((await ask()).status);
  return seen;
}

describe('rate limits', () => {
  test('a token is limited wherever it is used from, and another one is not', async () => {
    const ask = await aGateway();
    await seedToken('first-limited-token-0123456789abcdef', ['admin']);
    await seedToken('second-limited-token-0123456789abcde', ['admin']);
    const list = (token: string): Promise<Response> => ask('/api/v1/uploads', {}, token);
    const first = 'first-limited-token-0123456789abcdef';
    expect(await statuses(ROUGH_LIMIT, () => list(first))).toEqual([200, 200, 200]);
    address = '198.51.100.7';
    const refused = await list(first);
    expect(refused.status).toBe(429);
    expect(Object.fromEntries(refused.headers)).toMatchObject({
      'retry-after': '60',
      'ratelimit-policy': '"token";q=6000;w=60',
      ratelimit: '"token";r=0;t=60',
      'ratelimit-limit': '6000',
      'ratelimit-remaining': '0',
      'ratelimit-reset': '60',
      'content-type': 'application/problem+json',
    });
    expect(await refused.json()).toMatchObject({ code: 'request.rate_limited', status: 429 });
    expect((await list('second-limited-token-0123456789abcde')).status).toBe(200);
  });

  test("Stream's paths answer in Stream's envelope", async () => {
    const ask = await aGateway();
    await seedToken('stream-limited-token-0123456789abcdef', ['admin']);
    const list = (): Promise<Response> =>
      ask('/client/v4/accounts/default/stream', {}, 'stream-limited-token-0123456789abcdef');
    await statuses(ROUGH_LIMIT, list);
    const refused = await list();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(refused.headers.get('x-should-retry')).toBeNull();
    expect(await refused.json()).toMatchObject({ success: false, errors: [{ code: 10016 }] });
  });

  test('without a token the address counts, and nothing that a client writes changes it', async () => {
    const ask = await aGateway();
    const forge = (): Promise<Response> =>
      ask('/health/live', { headers: { 'x-forwarded-for': crypto.randomUUID() } }, '');
    expect(await statuses(ROUGH_LIMIT + 1, forge)).toEqual([200, 200, 200, 429]);
    address = '198.51.100.8';
    expect((await forge()).status).toBe(200);
  });

  test('tokens that are not valid are counted exactly by address; a valid one elsewhere passes', async () => {
    const ask = await aGateway({ RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: 2 });
    const guess = (): Promise<Response> => ask('/api/v1/uploads', {}, crypto.randomUUID());
    const first = await guess();
    expect(first.status).toBe(401);
    expect(first.headers.get('ratelimit')).toBe('"auth-failures";r=1;t=30');
    expect(await statuses(3, guess)).toEqual([401, 429, 429]);
    // Another isolate has not seen this address yet, and finds the same count.
    const elsewhere = await aGateway({ RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: 2 });
    const refused = await elsewhere('/api/v1/uploads', {}, crypto.randomUUID());
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask('/api/v1/uploads')).status).toBe(429);
    address = '198.51.100.9';
    expect((await ask('/api/v1/uploads')).status).toBe(200);
  });

  test('a missing token is no failed authentication', async () => {
    const ask = await aGateway({ RATE_LIMIT_AUTH_FAILURES_PER_MINUTE: 1 });
    expect(await statuses(3, () => ask('/api/v1/uploads', {}, ''))).toEqual([401, 401, 401]);
  });

  test('token exchanges are counted by address', async () => {
    const ask = await aGateway({ RATE_LIMIT_TOKEN_EXCHANGES_PER_MINUTE: 1 });
    await seedToken('exchanging-token-0123456789abcdefghij', ['admin']);
    const exchange = async (): Promise<Response> =>
      ask('/api/v1/auth/token', { method: 'POST' }, 'exchanging-token-0123456789abcdefghij');
    const [first, second] = await statuses(2, exchange);
    expect(first).not.toBe(429);
    expect(second).toBe(429);
  });

  test('new uploads are counted by account, its other calls are not', async () => {
    const ask = await aGateway({ RATE_LIMIT_UPLOADS_PER_HOUR: 1 });
    await seedToken('uploading-token-0123456789abcdefghijk', ['admin'], 'default');
    const create = (): Promise<Response> =>
      ask(
        '/api/v1/uploads',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name: 'clip.mp4', sizeBytes: 1000 }),
        },
        'uploading-token-0123456789abcdefghijk',
      );
    const first = await create();
    expect(first.status).toBe(201);
    expect(first.headers.get('ratelimit-policy')).toBe('"token";q=6000;w=60, "uploads";q=1;w=3600');
    expect(first.headers.get('ratelimit')).toBe('"uploads";r=0;t=3600');
    expect((await create()).status).toBe(429);
  });

  test('a limiter that fails lets calls pass', async () => {
    await call('/health/live');
    const context = await serviceContext();
    const config = { ...context.config, RATE_LIMITS: 'on' as const };
    const app = createApp({ ...context, config });
    const broken = { limit: () => Promise.reject(new Error('down')) };
    const request = new Request('http://gate.test/health/live', {
      headers: { 'cf-connecting-ip': address },
    });
    const answer = await app.fetch(
      request,
      { ...env, RATE_LIMIT_ADDRESS: broken },
      createExecutionContext(),
    );
    expect(answer.status).toBe(200);
  });

  test('nothing is limited where limits are off', async () => {
    const ask = await aGateway({ RATE_LIMITS: 'off' });
    const answers = await statuses(ROUGH_LIMIT + 2, () => ask('/health/live', {}, ''));
    expect(new Set(answers)).toEqual(new Set([200]));
  });
});
