import type { MiddlewareHandler } from 'hono';

import { AppError } from '../../../src/contracts/errors.ts';
import type { Principal } from '../../../src/contracts/principal.ts';
import { verifyAccessToken } from '../../../src/http/access-token.ts';
import type { KnownAccessTokens, ProvenAccessToken } from '../../../src/http/access-token.ts';
import type { AppEnv } from '../../../src/http/app-env.ts';
import { parseBearer } from '../../../src/http/bearer.ts';
import { readStrictJws } from '../../../src/http/strict-jws.ts';
import { BoundedCache } from '../../../src/kernel/bounded-cache.ts';
import type { ServiceContext } from '../../../src/kernel/service-context.ts';
import { AccessSnapshot } from '../access-snapshot.ts';

const API = /^\/(api|client)\/|^\/metrics$/;
/** Parts of the API that answer anybody. */
const PUBLIC = new Set(['/api/v1/services']);
const MAX_KNOWN_TOKENS = 2000;

/** Sets the principal from the bearer token. On API paths a bad or missing token is refused before anything of the request is read. */
export function authenticate(context: ServiceContext): MiddlewareHandler<AppEnv> {
  const snapshot = new AccessSnapshot(
    async () => context.services.get('auth').accessTokenSnapshot(),
    context.logger,
  );
  const known = rememberTokens();
  return async function authenticateCaller(c, next) {
    c.set('principal', undefined);
    const header = c.req.header('authorization');
    if (API.test(c.req.path) && header === undefined && !PUBLIC.has(c.req.path)) throw noToken();
    if (API.test(c.req.path) && header !== undefined) {
      const token = parseBearer(header);
      const principal =
        token === undefined ? undefined : await identify(token, { snapshot, known, context });
      if (principal === undefined) {
        throw new AppError(
          'auth.invalid_token',
          'This token is unknown, expired or revoked. Make a new one or sign in again.',
        );
      }
      c.set('principal', principal);
    }
    await next();
  };
}

function noToken(): AppError {
  return new AppError(
    'auth.required',
    'Send an API token or access token as "Authorization: Bearer …".',
  );
}

interface IdentityParts {
  readonly snapshot: AccessSnapshot;
  readonly known: KnownAccessTokens;
  readonly context: ServiceContext;
}

function rememberTokens(): KnownAccessTokens {
  const kept = new BoundedCache<ProvenAccessToken>({ entries: MAX_KNOWN_TOKENS });
  return {
    get: (token) => kept.get(token, 0)?.value,
    set: (token, proven) => kept.set(token, proven, { now: 0 }),
  };
}

/** Three dotted parts are an access token, everything else is an API token: neither is ever tried as the other. */
async function identify(
  token: string,
  { snapshot, known, context }: IdentityParts,
): Promise<Principal | undefined> {
  if (token.split('.').length !== 3) {
    return context.services.get('auth').authenticateApiToken(token);
  }
  const now = Date.now();
  const kid = known.get(token)?.kid ?? readStrictJws(token)?.header.kid;
  if (kid === undefined) return undefined;
  const expected = { issuer: context.config.PUBLIC_URL, now };
  return verifyAccessToken(token, await snapshot.get(kid, now), expected, known);
}
