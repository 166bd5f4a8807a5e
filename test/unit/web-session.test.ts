import { describe, expect, test, vi } from 'vitest';

import { createApiClient } from '../../web/src/api-client.ts';
import { createSession } from '../../web/src/session.ts';

function aToken(sub: string, serial: number): string {
  return `h.${Buffer.from(JSON.stringify({ sub, serial })).toString('base64url')}.s`;
}

function aStorage(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> & {
  readonly kept: Map<string, string>;
} {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

/** A server that knows the API token `good` and gives access tokens of five minutes. */
function aServer(answer: (authorization: string | null) => Response): {
  readonly fetch: typeof fetch;
  readonly trades: () => number;
} {
  let serial = 0;
  const send: typeof fetch = async (input, init) => {
    const authorization = new Headers(init?.headers).get('authorization');
    if (input !== '/api/v1/auth/token') return answer(authorization);
    if (authorization !== 'Bearer good')
      return Response.json({ detail: 'Not known.' }, { status: 401 });
    serial += 1;
    return Response.json({ accessToken: aToken('acme', serial), expiresIn: 300, scopes: [] });
  };
  return { fetch: send, trades: () => serial };
}

const isRight = (): Response => Response.json({});

describe('createSession', () => {
  test('keeps the API token in storage only when asked to', async () => {
    const { fetch } = aServer(isRight);
    const storage = aStorage();
    const session = createSession({ storage, fetch, now: () => 0 });
    await session.signIn('good', false);
    expect([...storage.kept]).toEqual([]);
    await session.signIn('good', true);
    expect([...storage.kept.values()]).toEqual(['good']);
    session.signOut();
    expect([...storage.kept]).toEqual([]);
  });

  test('says why a token is not taken, and stays signed out', async () => {
    const session = createSession({ storage: aStorage(), ...aServer(isRight), now: () => 0 });
    await expect(session.signIn('bad', true)).rejects.toThrow('Not known.');
    expect(session.isSignedIn()).toBe(false);
  });

  test('renews before the end, once for all who wait', async () => {
    let now = 0;
    const { fetch, trades } = aServer(isRight);
    const session = createSession({ storage: aStorage(), fetch, now: () => now });
    await session.signIn('good', false);
    await session.authorization();
    expect(trades()).toBe(1);
    now = 271_000;
    await Promise.all([session.authorization(), session.authorization()]);
    expect(trades()).toBe(2);
    expect(await session.accountId()).toBe('acme');
  });

  test('a renewal that comes after another sign-in changes nothing', async () => {
    const answers = new Map<string, (response: Response) => void>();
    const fetch: typeof globalThis.fetch = (_, init) =>
      new Promise((resolve) => {
        answers.set(new Headers(init?.headers).get('authorization') ?? '', resolve);
      });
    const answer = (account: string): Response =>
      Response.json({ accessToken: aToken(account, 1), expiresIn: 300 });
    const storage = aStorage();
    storage.setItem('streamgate.api-token', 'old');
    const session = createSession({ storage, fetch, now: () => 0 });
    const late = session.accountId();
    session.signOut();
    const signingIn = session.signIn('new', false);
    answers.get('Bearer new')?.(answer('newcomer'));
    await signingIn;
    answers.get('Bearer old')?.(answer('former'));
    await late;
    expect(await session.accountId()).toBe('newcomer');
  });

  test('does not wait for the renewal of a former account', async () => {
    const used: string[] = [];
    const fetch: typeof globalThis.fetch = (_, init) => {
      const authorization = new Headers(init?.headers).get('authorization') ?? '';
      used.push(authorization);
      return authorization === 'Bearer old' && used.length === 1
        ? new Promise(() => undefined)
        : Promise.resolve(Response.json({ accessToken: aToken('newcomer', 1), expiresIn: 300 }));
    };
    const storage = aStorage();
    storage.setItem('streamgate.api-token', 'old');
    const session = createSession({ storage, fetch, now: () => 0 });
    void session.authorization();
    session.signOut();
    await session.signIn('new', false);
    await session.authorization(true);
    expect(used).toEqual(['Bearer old', 'Bearer new', 'Bearer new']);
  });
});

describe('createApiClient', () => {
  test('tries a 401 once more with a fresh access token', async () => {
    const { fetch } = aServer((authorization) =>
      authorization === `Bearer ${aToken('acme', 2)}`
        ? Response.json({ result: [] })
        : Response.json({ errors: [{ message: 'Expired.' }] }, { status: 401 }),
    );
    const session = createSession({ storage: aStorage(), fetch, now: () => 0 });
    await session.signIn('good', false);
    const onSignedOut = vi.fn();
    const api = createApiClient({ session, fetch, onSignedOut });
    expect(await api.listVideos('')).toEqual([]);
    expect(onSignedOut).not.toHaveBeenCalled();
  });

  test('tells that the person must sign in when the fresh one fails too', async () => {
    const { fetch } = aServer(() =>
      Response.json({ errors: [{ message: 'Withdrawn.' }] }, { status: 401 }),
    );
    const session = createSession({ storage: aStorage(), fetch, now: () => 0 });
    await session.signIn('good', false);
    const onSignedOut = vi.fn();
    const api = createApiClient({ session, fetch, onSignedOut });
    await expect(api.listVideos('')).rejects.toThrow('Withdrawn.');
    expect(onSignedOut).toHaveBeenCalledWith('Withdrawn.');
  });
});
