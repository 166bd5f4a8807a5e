import { exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';

import type { AccessTokenSnapshot } from '../../src/contracts/service-apis.ts';
import { signAccessToken, verifyAccessToken } from '../../src/http/access-token.ts';
import type { ProvenAccessToken } from '../../src/http/access-token.ts';
import { deriveKeyBytes } from '../../src/http/derive-key.ts';
import { parsePlaybackKeySet, verifyPlaybackToken } from '../../src/http/playback-token.ts';
import type { PlaybackKeySet } from '../../src/http/playback-token.ts';
import { signTaskToken, verifyTaskToken } from '../../src/http/task-token.ts';
import { forge, hmacWith, respell, signWith } from './forge-jws.ts';

const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1000;
const SECRET = 'task-secret-0123456789abcdefghijklmnop';
const ISSUER = 'https://gate.test';
const UID = 'c'.repeat(32);
const PRINCIPAL = { accountId: 'default', tokenId: 'tok_1', scopes: ['videos:read'] } as const;
const ACCESS_HEADER = { alg: 'EdDSA', typ: 'at+jwt', kid: 'key_a' };
const ACCESS_CLAIMS = {
  iss: ISSUER,
  aud: 'api',
  sub: 'default',
  tid: 'tok_1',
  scope: 'videos:read',
  iat: SECONDS,
  exp: SECONDS + 300,
  jti: 'j1',
};
const TASK_HEADER = { alg: 'HS256', typ: 'task+jwt' };
const TASK_CLAIMS = {
  iss: 'transcoder',
  aud: 'task',
  sub: 'job_1',
  job: 'job_1',
  task: 't1',
  epoch: 1,
  iat: SECONDS,
  exp: SECONDS + 3600,
  jti: 'j1',
};

let access: { publicKey: CryptoKey; privateKey: CryptoKey };
let playback: { publicKey: CryptoKey; privateKey: CryptoKey };
let snapshot: AccessTokenSnapshot;
let playbackKeys: PlaybackKeySet;
let taskSign: (input: Uint8Array) => Promise<Uint8Array>;

beforeAll(async () => {
  access = await generateKeyPair('EdDSA', { extractable: true });
  playback = await generateKeyPair('RS256', { extractable: true });
  const accessJwk = { ...(await exportJWK(access.publicKey)), kid: 'key_a', alg: 'EdDSA' };
  const playbackJwk = { ...(await exportJWK(playback.publicKey)), kid: 'key_p', alg: 'RS256' };
  // Both keys in each set: the kinds must stay apart even then.
  snapshot = { keys: { keys: [accessJwk, playbackJwk] }, revokedTokenIds: ['tok_gone'] };
  playbackKeys = parsePlaybackKeySet(JSON.stringify({ keys: [playbackJwk] }));
  taskSign = hmacWith(new Uint8Array(await deriveKeyBytes(SECRET, 'task token v1')));
});

async function signAccess(header: object | string, claims: object | string): Promise<string> {
  return forge(header, claims, signWith('Ed25519', access.privateKey));
}

async function acceptedBy(token: string): Promise<string[]> {
  const verifiers = {
    access: async () =>
      (await verifyAccessToken(token, snapshot, { issuer: ISSUER, now: NOW })) !== undefined,
    playback: async () =>
      (await verifyPlaybackToken(token, playbackKeys, { now: NOW })) !== undefined,
    task: async () => (await verifyTaskToken(SECRET, token, NOW)) !== undefined,
  };
  const verdicts = await Promise.all(
    Object.entries(verifiers).map(async ([kind, verify]) =>
      (await verify().catch(() => false)) ? [kind] : [],
    ),
  );
  return verdicts.flat();
}

describe('kinds of token', () => {
  test('each verifier takes its own kind and no other', async () => {
    const tokens = {
      access: await signAccessToken(
        { principal: PRINCIPAL, issuer: ISSUER, issuedAt: SECONDS, expiresAt: SECONDS + 300 },
        { id: 'key_a', privateKey: access.privateKey },
      ),
      task: await signTaskToken(SECRET, { jobId: 'job_1', taskId: 't1', epoch: 3 }, NOW),
      playback: await forge(
        { alg: 'RS256', kid: 'key_p' },
        { sub: UID, exp: SECONDS + 60 },
        signWith('RSASSA-PKCS1-v1_5', playback.privateKey),
      ),
      api: `sg_${'x'.repeat(43)}`,
    };
    expect(await acceptedBy(tokens.access)).toEqual(['access']);
    expect(await acceptedBy(tokens.task)).toEqual(['task']);
    expect(await acceptedBy(tokens.playback)).toEqual(['playback']);
    expect(await acceptedBy(tokens.api)).toEqual([]);
  });

  test('claims of another kind under the right key are refused', async () => {
    const rsa = signWith('RSASSA-PKCS1-v1_5', playback.privateKey);
    const tokens = [
      await signAccess({ ...ACCESS_HEADER, typ: 'task+jwt' }, { ...TASK_CLAIMS }),
      await signAccess({ ...ACCESS_HEADER, kid: 'key_p' }, ACCESS_CLAIMS),
      await forge({ ...ACCESS_HEADER, alg: 'RS256', kid: 'key_p' }, ACCESS_CLAIMS, rsa),
      await forge({ alg: 'RS256', kid: 'key_p' }, ACCESS_CLAIMS, rsa),
      await forge({ ...TASK_HEADER, typ: 'at+jwt' }, ACCESS_CLAIMS, taskSign),
      await forge(TASK_HEADER, { ...TASK_CLAIMS, aud: 'api' }, taskSign),
      await forge(TASK_HEADER, TASK_CLAIMS, hmacWith(new TextEncoder().encode(SECRET))),
    ];
    expect((await Promise.all(tokens.map(acceptedBy))).flat()).toEqual([]);
  });
});

describe('verifyAccessToken', () => {
  test('gives the caller of a good token', async () => {
    const token = await signAccess(ACCESS_HEADER, ACCESS_CLAIMS);
    const expected = { issuer: ISSUER, now: NOW };
    expect(await verifyAccessToken(token, snapshot, expected)).toEqual(PRINCIPAL);
  });

  test('a token that is known is judged anew at every request', async () => {
    const known = new Map<string, ProvenAccessToken>();
    const token = await signAccess(ACCESS_HEADER, ACCESS_CLAIMS);
    const judge = (given: AccessTokenSnapshot, now = NOW) =>
      verifyAccessToken(token, given, { issuer: ISSUER, now }, known);
    expect(await judge(snapshot)).toEqual(PRINCIPAL);
    expect([...known.keys()]).toEqual([token]);
    expect(await judge(snapshot, NOW + 299_000)).toEqual(PRINCIPAL);
    expect(await judge(snapshot, NOW + 300_000)).toBeUndefined();
    expect(await judge({ ...snapshot, revokedTokenIds: ['tok_1'] })).toBeUndefined();
    expect(await judge({ ...snapshot, keys: { keys: [] } })).toBeUndefined();
    const { publicKey } = await generateKeyPair('EdDSA', { extractable: true });
    const replaced = { ...(await exportJWK(publicKey)), kid: 'key_a', alg: 'EdDSA' };
    expect(await judge({ ...snapshot, keys: { keys: [replaced] } })).toBeUndefined();
    const forged = `${token.slice(0, -6)}AAAAAA`;
    const verified = verifyAccessToken(forged, snapshot, { issuer: ISSUER, now: NOW }, known);
    expect(await verified).toBeUndefined();
    expect([...known.keys()]).toEqual([token]);
  });

  test.each([
    ['expired this second', { iat: SECONDS - 300, exp: SECONDS }],
    ['longer than its kind', { exp: SECONDS + 301 }],
    ['without an end', { exp: undefined }],
    ['without an id', { jti: undefined }],
    ['without a subject', { sub: undefined }],
    ['issued in the future', { iat: SECONDS + 60, exp: SECONDS + 120 }],
    ['of another issuer', { iss: 'https://evil.test' }],
    ['for another audience', { aud: 'task' }],
    ['for several audiences', { aud: ['api', 'task'] }],
    ['with an unknown scope', { scope: 'videos:read root' }],
    ['without scopes', { scope: '' }],
    ['of a revoked API token', { tid: 'tok_gone' }],
    ['without an API token', { tid: undefined }],
  ])('refuses a token %s', async (_, change) => {
    expect(
      await acceptedBy(await signAccess(ACCESS_HEADER, { ...ACCESS_CLAIMS, ...change })),
    ).toEqual([]);
  });

  test('refuses other headers, algorithms and spellings', async () => {
    const good = await signAccess(ACCESS_HEADER, ACCESS_CLAIMS);
    const pem = new TextEncoder().encode(await exportSPKI(access.publicKey));
    const body = JSON.stringify(ACCESS_CLAIMS);
    const other = await generateKeyPair('EdDSA', { extractable: true });
    const tokens = [
      await forge({ ...ACCESS_HEADER, alg: 'HS256' }, ACCESS_CLAIMS, hmacWith(pem)),
      await forge({ ...ACCESS_HEADER, alg: 'none' }, ACCESS_CLAIMS, async () => new Uint8Array(1)),
      await forge(ACCESS_HEADER, ACCESS_CLAIMS, signWith('Ed25519', other.privateKey)),
      await forge(
        { ...ACCESS_HEADER, jwk: await exportJWK(other.publicKey) },
        ACCESS_CLAIMS,
        signWith('Ed25519', other.privateKey),
      ),
      await signAccess({ ...ACCESS_HEADER, typ: 'JWT' }, ACCESS_CLAIMS),
      await signAccess({ ...ACCESS_HEADER, typ: 'application/at+jwt' }, ACCESS_CLAIMS),
      await signAccess({ alg: 'EdDSA', kid: 'key_a' }, ACCESS_CLAIMS),
      await signAccess({ ...ACCESS_HEADER, kid: 'toString' }, ACCESS_CLAIMS),
      await signAccess({ alg: 'EdDSA', typ: 'at+jwt' }, ACCESS_CLAIMS),
      await signAccess(ACCESS_HEADER, body.replace(/"exp":\d+/, '"exp":1e400')),
      await signAccess(
        ACCESS_HEADER,
        body.replace('"videos:read"', '"videos:read","scope":"admin"'),
      ),
      await signAccess(ACCESS_HEADER, [ACCESS_CLAIMS]),
      respell(good),
      `${good}=`,
      `${good}\n`,
    ];
    expect(await acceptedBy(good)).toEqual(['access']);
    expect((await Promise.all(tokens.map(acceptedBy))).flat()).toEqual([]);
  });
});

describe('verifyTaskToken', () => {
  test('gives one attempt of one task, for its life', async () => {
    const grant = { jobId: 'job_1', taskId: 't1', epoch: 3 };
    const token = await signTaskToken(SECRET, grant, NOW, 60);
    expect(await verifyTaskToken(SECRET, token, NOW + 59_000)).toEqual(grant);
    const refused = { code: 'auth.invalid_token' };
    await expect(verifyTaskToken(SECRET, token, NOW + 60_000)).rejects.toMatchObject(refused);
    await expect(verifyTaskToken(`${SECRET}2`, token, NOW)).rejects.toMatchObject(refused);
  });

  test('refuses a life beyond its kind and an epoch that is none', async () => {
    const tokens = [
      await forge(TASK_HEADER, { ...TASK_CLAIMS, exp: SECONDS + 3601 }, taskSign),
      await forge(TASK_HEADER, { ...TASK_CLAIMS, epoch: 0 }, taskSign),
      await forge(TASK_HEADER, { ...TASK_CLAIMS, epoch: '1' }, taskSign),
    ];
    expect(await acceptedBy(await forge(TASK_HEADER, TASK_CLAIMS, taskSign))).toEqual(['task']);
    expect((await Promise.all(tokens.map(acceptedBy))).flat()).toEqual([]);
  });
});
