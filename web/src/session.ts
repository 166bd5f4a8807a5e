import { ApiError, networkError, toApiError } from './api-error.ts';
import { readTokenClaims } from './token-claims.ts';

const STORAGE_KEY = 'streamgate.api-token';
const RENEW_BEFORE_MS = 30_000;

interface AccessToken {
  readonly value: string;
  readonly accountId: string;
  readonly renewAt: number;
}

/** Who is signed in. */
export interface Session {
  /** Resolves once the server took the API token. */
  signIn(apiToken: string, keepForTab: boolean): Promise<void>;
  signOut(): void;
  isSignedIn(): boolean;
  /** Headers of one request, with an access token that is good for a while; `fresh` asks for a new one. */
  authorization(fresh?: boolean): Promise<string>;
  accountId(): Promise<string>;
}

export interface SessionOptions {
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

/**
 * Keeps the API token in memory, or in sessionStorage when the person asked for that, and trades it for
 * short access tokens. There are no cookies: a request carries its permission in a header that only this
 * page can set, so another site has nothing to ride on (no CSRF). Never in a URL, never in localStorage.
 */
export function createSession({ storage, fetch, now }: SessionOptions): Session {
  let apiToken = storage.getItem(STORAGE_KEY) ?? undefined;
  let current: AccessToken | undefined;
  /** The trade under way, and which API token it is for. */
  let pending: { readonly of: string; readonly trade: Promise<AccessToken> } | undefined;

  async function trade(token: string): Promise<AccessToken> {
    const response = await fetch('/api/v1/auth/token', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    }).catch(() => {
      throw networkError();
    });
    const body = await response.text();
    if (!response.ok) throw toApiError(response.status, body, response.headers.get('retry-after'));
    const { accessToken, expiresIn } = JSON.parse(body) as {
      accessToken: string;
      expiresIn: number;
    };
    return {
      value: accessToken,
      accountId: readTokenClaims(accessToken).sub ?? 'default',
      renewAt: now() + expiresIn * 1000 - RENEW_BEFORE_MS,
    };
  }

  /** One renewal at a time, however many requests wait for it. What was renewed for a former API token is not kept. */
  async function obtain(fresh: boolean): Promise<AccessToken> {
    const token = apiToken;
    if (token === undefined)
      throw new ApiError({ status: 401, message: 'Enter an API token to go on.' });
    if (!fresh && current !== undefined && now() < current.renewAt) return current;
    const renewal = pending?.of === token ? pending : { of: token, trade: trade(token) };
    pending = renewal;
    try {
      const renewed = await renewal.trade;
      if (apiToken === token) current = renewed;
      return renewed;
    } finally {
      if (pending === renewal) pending = undefined;
    }
  }

  return {
    async signIn(token, keepForTab) {
      current = await trade(token);
      apiToken = token;
      if (keepForTab) storage.setItem(STORAGE_KEY, token);
    },
    signOut() {
      apiToken = undefined;
      current = undefined;
      pending = undefined;
      storage.removeItem(STORAGE_KEY);
    },
    isSignedIn: () => apiToken !== undefined,
    authorization: async (fresh = false) => `Bearer ${(await obtain(fresh)).value}`,
    accountId: async () => (await obtain(false)).accountId,
  };
}
