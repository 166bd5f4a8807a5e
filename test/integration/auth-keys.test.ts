import { env } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/d1';
import { importJWK } from 'jose';
import { describe, expect, test } from 'vitest';

import { playbackKeysKey } from '../../src/contracts/object-keys.ts';
import { parsePlaybackKeySet } from '../../src/http/playback-token.ts';
import type { PlaybackKeySet } from '../../src/http/playback-token.ts';
import { verifyAccessToken } from '../../src/http/access-token.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { LEAD_MS } from '../../workers/auth/key-schedule.ts';
import { PLATFORM } from '../../workers/auth/key-store.ts';
import { openPrivateKey, sealPrivateKey } from '../../workers/auth/sealed-key.ts';
import { SigningKeys } from '../../workers/auth/signing-keys.ts';
import { ADMIN_TOKEN, call, seedToken } from './accounts.ts';
import { exchange, post } from './auth-client.ts';

const OWNER = { kind: 'playback', accountId: 'default' } as const;
const DAY_MS = 24 * 3600 * 1000;

interface Key {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
}

function aKeyRing(bucket: R2Bucket = env.MEDIA): SigningKeys {
  return new SigningKeys({ db: drizzle(env.DB), bucket, secret: env.KEY_ENCRYPTION_SECRET });
}

async function storedSet(): Promise<PlaybackKeySet | undefined> {
  const object = await env.MEDIA.get(playbackKeysKey('default'));
  return object === null ? undefined : parsePlaybackKeySet(await object.text());
}

async function keyCount(): Promise<number | null> {
  return env.DB.prepare('SELECT count(*) AS n FROM signing_keys').first<number>('n');
}

describe('SigningKeys', () => {
  test('many first callers end with one key', async () => {
    const now = Date.now();
    for (const owner of [PLATFORM, OWNER]) {
      const signers = await Promise.all(
        Array.from({ length: 5 }, async () => aKeyRing().getSigner(owner, now)),
      );
      expect(new Set(signers.map(({ id }) => id)).size).toBe(1);
    }
    expect(await keyCount()).toBe(2);
    expect((await storedSet())?.keys).toHaveLength(1);
  });

  test('a playback key never signs before R2 has it', async () => {
    const broken = { ...env.MEDIA, head: async () => Promise.reject(new Error('R2 is down')) };
    const now = Date.now();
    await expect(aKeyRing(broken as unknown as R2Bucket).getSigner(OWNER, now)).rejects.toThrow(
      'R2 is down',
    );
    expect(await storedSet()).toBeUndefined();
    const signer = await aKeyRing().getSigner(OWNER, now);
    expect((await storedSet())?.keys.map(({ kid }) => kid)).toEqual([signer.id]);
    expect(await keyCount()).toBe(1);
  });

  test('a slow writer never brings an older set back', async () => {
    const now = Date.now();
    const overtake = once(async () => aKeyRing().rotate(OWNER, now));
    const slow = {
      head: async (key: string) => env.MEDIA.head(key),
      put: async (
        key: string,
        value: string,
        options: R2PutOptions & { onlyIf: R2Conditional },
      ) => {
        await overtake();
        return env.MEDIA.put(key, value, options);
      },
    };
    await aKeyRing(slow as unknown as R2Bucket).getSigner(OWNER, now);
    expect((await storedSet())?.keys).toHaveLength(2);
  });

  test('a rotation overlaps: published, then signing, the elder verifies to its end', async () => {
    const keys = aKeyRing();
    const now = Date.now();
    const first = await keys.getSigner(OWNER, now);
    const rotations = await Promise.all([keys.rotate(OWNER, now), aKeyRing().rotate(OWNER, now)]);
    expect(rotations.map((rows) => rows.length)).toEqual([2, 2]);
    const second = rotations[0]?.find(({ id }) => id !== first.id)?.id;
    expect((await keys.getSigner(OWNER, now + LEAD_MS - 1)).id).toBe(first.id);
    expect((await keys.getSigner(OWNER, now + LEAD_MS)).id).toBe(second);
    const set = await storedSet();
    expect(new Set(set?.keys.map(({ kid }) => kid))).toEqual(new Set([first.id, second]));
    const ends = set?.keys.flatMap(({ kid, exp }) => (exp === undefined ? [] : [{ kid, exp }]));
    expect(ends).toHaveLength(1);
    expect(ends?.at(0)?.kid).toBe(first.id);
    expect((ends?.at(0)?.exp ?? 0) * 1000).toBeGreaterThan(now + LEAD_MS + DAY_MS);
  });

  test('a retired key disappears from the table and from R2', async () => {
    const keys = aKeyRing();
    const now = Date.now();
    const first = await keys.getSigner(OWNER, now);
    await keys.rotate(OWNER, now);
    await keys.prune(now + DAY_MS);
    expect(await keyCount()).toBe(2);
    await keys.prune(now + 3 * DAY_MS);
    expect(await keyCount()).toBe(1);
    const kids = (await storedSet())?.keys.map(({ kid }) => kid);
    expect(kids).toHaveLength(1);
    expect(kids).not.toContain(first.id);
  });
});

describe('sealed keys', () => {
  test('open with their secret and id only', async () => {
    const jwk = { kty: 'oct', k: 'AAAA' } as const;
    const sealed = await sealPrivateKey('secret one', 'key_1', jwk);
    expect(sealed).not.toContain('AAAA');
    expect(await openPrivateKey('secret one', 'key_1', sealed)).toEqual(jwk);
    await expect(openPrivateKey('secret two', 'key_1', sealed)).rejects.toThrow(
      'KEY_ENCRYPTION_SECRET',
    );
    await expect(openPrivateKey('secret one', 'key_2', sealed)).rejects.toThrow('key_2');
  });

  test('the table holds no private key in the clear', async () => {
    await exchange(ADMIN_TOKEN);
    const row = await env.DB.prepare('SELECT * FROM signing_keys').first<{ public_jwk: string }>();
    expect(JSON.parse(row?.public_jwk ?? '{}')).not.toHaveProperty('d');
    expect(JSON.stringify(row)).not.toContain('"d"');
  });
});

describe('/api/v1/keys', () => {
  test('rotates access keys without a gap', async () => {
    const access = await exchange(ADMIN_TOKEN);
    const rotated = await post('/api/v1/keys/access/rotate');
    expect(rotated.status).toBe(200);
    const { keys } = await rotated.json<{ keys: Key[] }>();
    expect(keys.map(({ state }) => state)).toEqual(['signing', 'published']);
    const { services } = await serviceContext();
    const snapshot = await services.get('auth').accessTokenSnapshot();
    expect(snapshot.keys.keys).toHaveLength(2);
    const expected = { issuer: env.PUBLIC_URL, now: Date.now() };
    expect(await verifyAccessToken(access, snapshot, expected)).toBeDefined();
    const again = await post('/api/v1/keys/access/rotate');
    expect((await again.json<{ keys: Key[] }>()).keys).toHaveLength(2);
  });

  test('lists public halves only, of the platform and the own account', async () => {
    await post('/api/v1/keys/access/rotate');
    await post('/api/v1/keys/playback/rotate');
    await seedToken('other-account-token', ['admin'], 'other');
    await post('/api/v1/keys/playback/rotate', undefined, 'other-account-token');
    const text = await (await call('/api/v1/keys')).text();
    const { keys } = JSON.parse(text) as { keys: Key[] };
    expect(keys.map(({ kind }) => kind)).toEqual(['access', 'access', 'playback', 'playback']);
    expect(text).not.toMatch(/sealed|"d":/);
  });

  test('is for administrators, and knows two kinds', async () => {
    await seedToken('writer-token', ['tokens:write', 'videos:write']);
    expect((await call('/api/v1/keys', {}, 'writer-token')).status).toBe(403);
    const rotate = await post('/api/v1/keys/playback/rotate', undefined, 'writer-token');
    expect(rotate.status).toBe(403);
    expect((await post('/api/v1/keys/task/rotate')).status).toBe(400);
  });
});

describe('/.well-known/jwks.json', () => {
  test('shows the public playback keys to everybody, cacheable for a minute', async () => {
    await post('/api/v1/keys/access/rotate');
    await post('/api/v1/keys/playback/rotate');
    const response = await call('/.well-known/jwks.json', {}, '');
    expect(response.headers.get('cache-control')).toBe('public, max-age=60');
    const { keys } = await response.json<{ keys: (JsonWebKey & { kid: string })[] }>();
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(key).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig' });
      expect(key).not.toHaveProperty('d');
      await expect(importJWK({ ...key }, 'RS256')).resolves.toBeDefined();
    }
  });
});

function once(work: () => Promise<unknown>): () => Promise<unknown> {
  let done = false;
  return async () => {
    if (done) return undefined;
    done = true;
    return work();
  };
}
