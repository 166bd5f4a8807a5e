import { describe, expect, test } from 'vitest';

import { call } from './accounts.ts';

describe('gateway', () => {
  test('answers liveness without a token', async () => {
    const response = await call('/health/live', {}, '');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'up' });
  });

  test('an unknown address is problem+json with a request id', async () => {
    const response = await call('/api/v1/nothing-here', {}, '');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const body = await response.json<{ code: string; requestId: string }>();
    expect(body.code).toBe('request.not_found');
    expect(body.requestId).toBe(response.headers.get('x-request-id'));
  });
});
