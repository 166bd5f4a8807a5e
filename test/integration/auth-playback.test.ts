import { env } from 'cloudflare:workers';
import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';

import { playbackKeysKey } from '../../src/contracts/object-keys.ts';
import {
  parsePlaybackKeySet,
  peekSubject,
  verifyPlaybackToken,
} from '../../src/http/playback-token.ts';
import type { PlaybackClaims } from '../../src/http/playback-token.ts';
import { ADMIN_TOKEN, call, seedToken } from './accounts.ts';
import { exchange, post, seedAccessKey, seedVideo, statusOf } from './auth-client.ts';

const UID = 'e'.repeat(32);
const PATH = `/client/v4/accounts/default/stream/${UID}/token`;

beforeEach(async () => {
  await seedAccessKey();
  await seedVideo(UID, 'default');
});

async function make(body?: unknown, token = ADMIN_TOKEN): Promise<string> {
  const response = await post(PATH, body, token);
  expect(response.status).toBe(200);
  const answer = await response.json<{ success: boolean; result: { token: string } }>();
  expect(answer.success).toBe(true);
  return answer.result.token;
}

/** As streaming does it: with what is in R2 and nothing else. */
async function verify(token: string, now = Date.now()): Promise<PlaybackClaims> {
  const object = await env.MEDIA.get(playbackKeysKey('default'));
  return verifyPlaybackToken(token, parsePlaybackKeySet((await object?.text()) ?? ''), { now });
}

describe('POST …/stream/{uid}/token', () => {
  test.each([
    ['no body', undefined],
    ['an empty object', {}],
  ])('with %s: one hour', async (_, body) => {
    const token = await make(body);
    const seconds = Date.now() / 1000;
    expect(peekSubject(token)).toBe(UID);
    const claims = await verify(token);
    expect(claims.sub).toBe(UID);
    expect(Math.abs(claims.exp - seconds - 3600)).toBeLessThan(10);
    expect(Math.abs((claims.nbf ?? 0) - seconds + 3600)).toBeLessThan(10);
    await expect(verify(token, Date.now() + 3_601_000)).rejects.toMatchObject({
      code: 'playback.unauthorized',
    });
  });

  test('signs what was asked for', async () => {
    const request = {
      exp: String(Math.floor(Date.now() / 1000) + 60),
      downloadable: true,
      accessRules: [
        { type: 'ip.geoip.country', action: 'allow', country: ['DE', 'FR'] },
        { type: 'any', action: 'block' },
      ],
      flags: { original: true },
    };
    const token = await make(request);
    const { exp, kid } = decodeJwt(token);
    expect(decodeJwt(token)).toMatchObject({ ...request, exp: Number(request.exp) });
    expect(typeof exp).toBe('number');
    expect(kid).toMatch(/^key_/);
    await expect(verify(token)).rejects.toMatchObject({ code: 'playback.forbidden' });
  });

  test.each([
    [{ exp: 1000 }, '/exp'],
    [{ exp: Math.floor(Date.now() / 1000) + 25 * 3600 }, '/exp'],
    [{ exp: 'soon' }, '/exp'],
    [{ nbf: Math.floor(Date.now() / 1000) + 7200 }, '/nbf'],
    [{ downloadable: 'yes' }, '/downloadable'],
    [
      { accessRules: [{ type: 'ip.src', action: 'allow', ip: ['10.0.0.0/40'] }] },
      '/accessRules/0/ip/0',
    ],
    [
      { accessRules: Array.from({ length: 6 }, () => ({ type: 'any', action: 'allow' })) },
      '/accessRules',
    ],
    [{ pem: 'LS0t', id: 'key' }, '/pem'],
    [{ sub: 'f'.repeat(32) }, '/sub'],
  ])('refuses %j naming %s', async (body, pointer) => {
    const response = await post(PATH, body);
    expect(response.status).toBe(400);
    const { errors } = await response.json<{ errors: { code: number; source: object }[] }>();
    expect(errors[0]).toMatchObject({ code: 10005, source: { pointer } });
  });

  test('refuses rules that make the token too long for an address', async () => {
    const ip = Array.from({ length: 250 }, (_, i) => `2001:db8:aaaa:bbbb:cccc:dddd:eeee:${i}/128`);
    const response = await post(PATH, { accessRules: [{ type: 'ip.src', action: 'allow', ip }] });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('name fewer networks');
  });

  test('only for videos of the own account', async () => {
    await seedVideo('f'.repeat(32), 'other');
    const foreign = await post(PATH.replace(UID, 'f'.repeat(32)));
    expect(foreign.status).toBe(404);
    expect(await foreign.json()).toMatchObject({ success: false, errors: [{ code: 10003 }] });
    await seedToken('other-account-token', ['admin'], 'other');
    expect((await post(PATH, {}, 'other-account-token')).status).toBe(403);
    expect((await post(PATH, {}, '')).status).toBe(401);
    await seedToken('uploader-token', ['uploads:write']);
    expect((await post(PATH, {}, 'uploader-token')).status).toBe(403);
    await seedToken('reader-token', ['videos:read']);
    expect(await make({}, await exchange('reader-token'))).toBeDefined();
  });

  test('every account has keys of its own', async () => {
    const uid = 'f'.repeat(32);
    await seedVideo(uid, 'other');
    await seedToken('other-account-token', ['admin'], 'other');
    await make();
    const path = `/client/v4/accounts/other/stream/${uid}/token`;
    const response = await post(path, {}, 'other-account-token');
    const { result } = await response.json<{ result: { token: string } }>();
    await expect(verify(result.token)).rejects.toMatchObject({ code: 'playback.unauthorized' });
  });

  test('a playback token opens no API route', async () => {
    const token = await make();
    expect(await statusOf(token)).toBe(401);
    expect((await post('/api/v1/auth/token', {}, token)).status).toBe(401);
    expect((await post(PATH, {}, token)).status).toBe(401);
    await expect(verify(await exchange(ADMIN_TOKEN))).rejects.toMatchObject({
      code: 'playback.unauthorized',
    });
  });
});

test('the API description names every route of auth', async () => {
  const { paths } = await (
    await call('/openapi.json', {}, '')
  ).json<{ paths: Record<string, Record<string, unknown>> }>();
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining([
      '/api/v1/auth/token',
      '/api/v1/tokens',
      '/api/v1/tokens/{id}',
      '/api/v1/keys',
      '/api/v1/keys/{kind}/rotate',
      '/.well-known/jwks.json',
      '/client/v4/accounts/{account_id}/stream/{uid}/token',
    ]),
  );
  const token = paths['/client/v4/accounts/{account_id}/stream/{uid}/token'];
  expect(JSON.stringify(token)).toContain('accessRules');
});

test('the API description calls no optional field of a request required', async () => {
  const { paths } = await (
    await call('/openapi.json', {}, '')
  ).json<{ paths: Record<string, Record<string, Operation>> }>();
  const requiredOf = (path: string): unknown =>
    paths[path]?.['post']?.requestBody?.content['application/json']?.schema.required;
  expect(requiredOf('/api/v1/auth/token')).toBeUndefined();
  expect(requiredOf('/client/v4/accounts/{account_id}/stream/{uid}/token')).toBeUndefined();
  expect(requiredOf('/api/v1/tokens')).not.toContain('expiresAt');
});

interface Operation {
  readonly requestBody?: {
    readonly content: Record<string, { readonly schema: { readonly required?: string[] } }>;
  };
}
