import { describe, expect, test } from 'vitest';

import { call } from './accounts.ts';

describe('gateway', () => {
  test('answers liveness without a token', async () => {
    const response = await call('/health/live', {}, '');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'up' });
  });

  test('an unknown address is problem+json with a request id', async () => {
    const response = await call('/api/v1/nothing-here');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const body = await response.json<{ code: string; requestId: string }>();
    expect(body.code).toBe('request.not_found');
    expect(body.requestId).toBe(response.headers.get('x-request-id'));
  });

  test('nobody gets further than the door of the API, whatever they send', async () => {
    const body = JSON.stringify({ name: 'a'.repeat(200_000) });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    for (const path of ['/api/v1/uploads', '/api/v1/jobs', '/client/v4/accounts/default/stream']) {
      expect((await call(path, init, '')).status).toBe(401);
    }
    expect((await call('/api/v1/uploads', init)).status).toBe(413);
    expect((await call('/api/v1/services', {}, '')).status).toBe(200);
  });

  test('a method that an address does not take is 405 and names those it takes', async () => {
    const response = await call('/api/v1/uploads', { method: 'PATCH' });
    expect(response.status).toBe(405);
    expect((await response.json<{ detail: string }>()).detail).toContain('POST');
  });

  test('the API description says what needs a token and what errors look like', async () => {
    const { paths } = await (
      await call('/openapi.json', {}, '')
    ).json<{
      paths: Record<string, Record<string, { security: unknown[]; responses: object }>>;
    }>();
    expect(paths['/api/v1/uploads']?.['post']).toMatchObject({
      security: [{ bearer: [] }],
      responses: { default: {} },
    });
    expect(paths['/ready']?.['get']?.security).toEqual([]);
    expect(Object.keys(paths).length).toBeGreaterThan(25);
  });
});
