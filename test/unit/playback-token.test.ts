import { exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';

import {
  parsePlaybackKeySet,
  peekSubject,
  verifyPlaybackToken,
} from '../../src/http/playback-token.ts';
import type { PlaybackKeySet, PlaybackRequest, ReadToken } from '../../src/http/playback-token.ts';
import { forge, hmacWith, respell, signWith } from './forge-jws.ts';

const UID = 'a'.repeat(32);
const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1000;
const HEADER = { alg: 'RS256', kid: 'key_1' };
const CLAIMS = { sub: UID, kid: 'key_1', exp: SECONDS + 3600, nbf: SECONDS - 3600 };

let keys: PlaybackKeySet;
let publicKey: CryptoKey;
let privateKey: CryptoKey;

beforeAll(async () => {
  const pair = await generateKeyPair('RS256', { extractable: true });
  ({ publicKey, privateKey } = pair);
  const jwk = await exportJWK(publicKey);
  keys = parsePlaybackKeySet(
    JSON.stringify({ keys: [{ ...jwk, kid: 'key_1', alg: 'RS256', use: 'sig' }] }),
  );
});

async function sign(header: object | string, payload: object | string): Promise<string> {
  return forge(header, payload, signWith('RSASSA-PKCS1-v1_5', privateKey));
}

/** `ok`, or the code of the refusal. */
async function verdict(token: string, request: Partial<PlaybackRequest> = {}): Promise<string> {
  try {
    const claims = await verifyPlaybackToken(token, keys, { now: NOW, ...request });
    return claims.sub === UID ? 'ok' : 'other subject';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe('verifyPlaybackToken', () => {
  test('accepts what Stream and its clients sign', async () => {
    const accepted = [
      await sign(HEADER, CLAIMS),
      await sign({ ...HEADER, typ: 'JWT' }, CLAIMS),
      await sign(HEADER, { sub: UID, exp: String(SECONDS + 60), nbf: String(SECONDS - 60) }),
      await sign({ alg: 'RS256' }, CLAIMS),
      await sign(HEADER, { ...CLAIMS, iat: SECONDS, iss: 'customer', aud: 'playback' }),
      await sign(HEADER, { ...CLAIMS, nbf: SECONDS + 59 }),
    ];
    const verdicts = await Promise.all(accepted.map(async (token) => verdict(token, { uid: UID })));
    expect(verdicts).toEqual(accepted.map(() => 'ok'));
  });

  test('gives what the token permits', async () => {
    const token = await sign(HEADER, { ...CLAIMS, downloadable: true, flags: { original: true } });
    const claims = await verifyPlaybackToken(token, keys, { now: NOW });
    expect(claims).toMatchObject({ sub: UID, downloadable: true, flags: { original: true } });
  });

  test.each([
    ['expired this second', { exp: SECONDS }],
    ['without an end', { exp: undefined }],
    ['more than a day ahead', { exp: SECONDS + 24 * 3600 + 61 }],
    ['infinite', { exp: 1e300 }],
    ['with a fraction for an end', { exp: SECONDS + 0.5 }],
    ['with a word for an end', { exp: 'soon' }],
    ['not valid yet', { nbf: SECONDS + 61 }],
    ['issued in the future', { iat: SECONDS + 61 }],
    ['for another video', { sub: 'b'.repeat(32) }],
    ['without a subject', { sub: undefined }],
    ['naming another key than its header', { kid: 'key_2' }],
    ['for another audience', { aud: 'api' }],
    [
      'with six rules',
      { accessRules: Array.from({ length: 6 }, () => ({ type: 'any', action: 'allow' })) },
    ],
    ['with a rule of unknown type', { accessRules: [{ type: 'ip.asn', action: 'allow' }] }],
    ['with an impossible block', { accessRules: [{ type: 'ip.src', action: 'allow', ip: ['x'] }] }],
  ])('refuses a token that is %s', async (_, change) => {
    const token = await sign(HEADER, { ...CLAIMS, ...change });
    expect(await verdict(token, { uid: UID })).toBe('playback.unauthorized');
  });

  test('refuses a number that overflows and a repeated claim', async () => {
    const body = JSON.stringify(CLAIMS);
    const tokens = [
      await sign(HEADER, body.replace(/"exp":\d+/, '"exp":1e400')),
      await sign(HEADER, body.replace('{', `{"sub":"${UID}",`)),
    ];
    for (const token of tokens) expect(await verdict(token)).toBe('playback.unauthorized');
  });

  test('refuses other algorithms, also one that takes the public key for a secret', async () => {
    const pem = new TextEncoder().encode(await exportSPKI(publicKey));
    const jwk = new TextEncoder().encode(JSON.stringify(keys.keys[0]));
    const none = await forge({ alg: 'none', kid: 'key_1' }, CLAIMS, async () => new Uint8Array(1));
    const tokens = [
      await forge({ alg: 'HS256', kid: 'key_1' }, CLAIMS, hmacWith(pem)),
      await forge({ alg: 'HS256', kid: 'key_1' }, CLAIMS, hmacWith(jwk)),
      none,
      none.slice(0, none.lastIndexOf('.') + 1),
      await sign({ alg: 'PS256', kid: 'key_1' }, CLAIMS),
      await sign({ ...HEADER, jwk: keys.keys[0] }, CLAIMS),
      await sign({ ...HEADER, typ: 'at+jwt' }, CLAIMS),
      await sign({ alg: 'RS256' }, { ...CLAIMS, kid: undefined }),
      await sign({ alg: 'RS256', kid: 'key_2' }, CLAIMS),
    ];
    for (const token of tokens) expect(await verdict(token)).toBe('playback.unauthorized');
  });

  test('refuses a changed payload and another spelling', async () => {
    const token = await sign(HEADER, CLAIMS);
    const [head, , signature] = token.split('.');
    const [, body] = (await sign(HEADER, { ...CLAIMS, downloadable: true })).split('.');
    expect(await verdict(`${head}.${body}.${signature}`)).toBe('playback.unauthorized');
    expect(await verdict(respell(token))).toBe('playback.unauthorized');
    expect(await verdict('')).toBe('playback.unauthorized');
  });

  test('a key verifies until its end and not after', async () => {
    const token = await sign(HEADER, CLAIMS);
    const ending = { keys: keys.keys.map((key) => ({ ...key, exp: SECONDS + 10 })) };
    await expect(verifyPlaybackToken(token, ending, { now: NOW })).resolves.toBeDefined();
    await expect(verifyPlaybackToken(token, ending, { now: NOW + 10_000 })).rejects.toMatchObject({
      code: 'playback.unauthorized',
    });
    await expect(verifyPlaybackToken(token, { keys: [] }, { now: NOW })).rejects.toMatchObject({
      code: 'playback.unauthorized',
    });
  });

  test('a token that is known is checked again in all but its signature', async () => {
    const known = new Map<string, ReadToken>();
    const token = await sign(HEADER, CLAIMS);
    const verify = (set: PlaybackKeySet, now = NOW): Promise<unknown> =>
      verifyPlaybackToken(token, set, { now }, known);
    await expect(verify({ keys: [] })).rejects.toMatchObject({ code: 'playback.unauthorized' });
    expect(known.get(token)?.provenBy).toBeUndefined();
    await expect(verify(keys)).resolves.toBeDefined();
    expect(known.get(token)?.provenBy).toBe(keys.keys[0]?.n);
    await expect(verify(keys)).resolves.toBeDefined();
    const refusal = { code: 'playback.unauthorized' };
    await expect(verify(keys, (CLAIMS.exp + 1) * 1000)).rejects.toMatchObject(refusal);
    await expect(verify({ keys: [] })).rejects.toMatchObject(refusal);
    const another = keys.keys.map((key) => ({ ...key, n: `${key.n.slice(0, -1)}A` }));
    await expect(verify({ keys: another })).rejects.toMatchObject(refusal);
    const changed = `${token.slice(0, -2)}${token.endsWith('AA') ? 'QQ' : 'AA'}`;
    await expect(verifyPlaybackToken(changed, keys, { now: NOW }, known)).rejects.toMatchObject(
      refusal,
    );
  });

  test('an access rule blocks by address and by country', async () => {
    const token = await sign(HEADER, {
      ...CLAIMS,
      accessRules: [
        { type: 'ip.src', action: 'allow', ip: ['192.0.2.0/24'] },
        { type: 'ip.geoip.country', action: 'allow', country: ['DE'] },
        { type: 'any', action: 'block' },
      ],
    });
    expect(await verdict(token, { ip: '192.0.2.9', country: 'US' })).toBe('ok');
    expect(await verdict(token, { ip: '198.51.100.9', country: 'DE' })).toBe('ok');
    expect(await verdict(token, { ip: '198.51.100.9', country: 'US' })).toBe('playback.forbidden');
    expect(await verdict(token)).toBe('playback.forbidden');
  });
});

describe('peekSubject', () => {
  test('names the video of a well formed token only', async () => {
    const token = await sign(HEADER, CLAIMS);
    expect(peekSubject(token)).toBe(UID);
    expect(peekSubject(`${token}=`)).toBeUndefined();
    expect(peekSubject(await sign(HEADER, { ...CLAIMS, sub: '../x' }))).toBeUndefined();
  });
});
