import type { MiddlewareHandler } from 'hono';

import { AppError } from '../../../src/contracts/errors.ts';
import type { AppEnv } from '../../../src/http/app-env.ts';
import type { ServiceContext } from '../../../src/kernel/service-context.ts';

/** Sets the principal from the bearer token. No token is no principal; a bad token is refused at once, on API paths only. */
export function authenticate(context: ServiceContext): MiddlewareHandler<AppEnv> {
  return async function authenticateCaller(c, next) {
    c.set('principal', undefined);
    const header = c.req.header('authorization');
    if (header !== undefined && /^\/(api|client)\/|^\/metrics$/.test(c.req.path)) {
      const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
      const principal =
        token === undefined
          ? undefined
          : await context.services.get('auth').authenticateApiToken(token);
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
