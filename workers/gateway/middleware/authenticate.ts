import type { MiddlewareHandler } from 'hono';

import { AppError } from '../../../src/contracts/errors.ts';
import type { Principal } from '../../../src/contracts/principal.ts';
import { verifyAccessToken } from '../../../src/http/access-token.ts';
import type { AppEnv } from '../../../src/http/app-env.ts';
import { parseBearer } from '../../../src/http/bearer.ts';
import { readStrictJws } from '../../../src/http/strict-jws.ts';
import type { ServiceContext } from '../../../src/kernel/service-context.ts';
import { AccessSnapshot } from '../access-snapshot.ts';

/** Sets the principal from the bearer token. No token is no principal; a bad token is refused at once, on API paths only. */
export function authenticate(context: ServiceContext): MiddlewareHandler<AppEnv> {
  const snapshot = new AccessSnapshot(
    async () => context.services.get('auth').accessTokenSnapshot(),
    context.logger,
  );
  return async function authenticateCaller(c, next) {
    c.set('principal', undefined);
    const header = c.req.header('authorization');
    if (header !== undefined && /^\/(api|client)\/|^\/metrics$/.test(c.req.path)) {
      const token = parseBearer(header);
      const principal = token === undefined ? undefined : await identify(token, snapshot, context);
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

/** Three dotted parts are an access token, everything else is an API token: neither is ever tried as the other. */
async function identify(
  token: string,
  snapshot: AccessSnapshot,
  context: ServiceContext,
): Promise<Principal | undefined> {
  if (token.split('.').length !== 3) {
    return context.services.get('auth').authenticateApiToken(token);
  }
  const now = Date.now();
  const kid = readStrictJws(token)?.header.kid;
  if (kid === undefined) return undefined;
  const expected = { issuer: context.config.PUBLIC_URL, now };
  return verifyAccessToken(token, await snapshot.get(kid, now), expected);
}
