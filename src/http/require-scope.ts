import type { Context } from 'hono';

import { AppError } from '../contracts/errors.ts';
import { hasScope } from '../contracts/principal.ts';
import type { Principal, Scope } from '../contracts/principal.ts';
import type { AppEnv } from './app-env.ts';

/** The caller, if it holds the scope. Throws `auth.required` or `auth.forbidden` naming the scope. */
export function requireScope(c: Context<AppEnv>, scope: Scope): Principal {
  const principal = c.get('principal');
  if (principal === undefined) {
    throw new AppError(
      'auth.required',
      'Send an API token or access token as "Authorization: Bearer …".',
    );
  }
  if (!hasScope(principal, scope)) {
    throw new AppError('auth.forbidden', `This token lacks the scope "${scope}".`);
  }
  return principal;
}

/** The same for Stream's paths, where the account stands in the path and must be the caller's own. */
export function requireAccountScope(
  c: Context<AppEnv>,
  accountId: string,
  scope: Scope,
): Principal {
  const principal = requireScope(c, scope);
  if (principal.accountId !== accountId) {
    throw new AppError(
      'auth.forbidden',
      `This token does not belong to the account "${accountId}".`,
    );
  }
  return principal;
}
