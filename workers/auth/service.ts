import type { DrizzleD1Database } from 'drizzle-orm/d1';

import { AppError } from '../../src/contracts/errors.ts';
import { hasScope } from '../../src/contracts/principal.ts';
import type { Principal, Scope } from '../../src/contracts/principal.ts';
import type { AccessTokenSnapshot, AuthApi } from '../../src/contracts/service-apis.ts';
import { ACCESS_TOKEN_LIFE_SECONDS, signAccessToken } from '../../src/http/access-token.ts';
import { findValidToken, listRevokedIds } from './api-tokens.ts';
import { chooseVerifying } from './key-schedule.ts';
import { listKeys, PLATFORM } from './key-store.ts';
import { toVerifyingJwk } from './publish-playback-keys.ts';
import type { SigningKeys } from './signing-keys.ts';

/** A revoked token stays in the snapshot until every access token made from it is over, and a little longer. */
const REVOKED_LISTED_MS = (ACCESS_TOKEN_LIFE_SECONDS + 60) * 1000;

export interface AuthParts {
  readonly db: DrizzleD1Database;
  readonly keys: SigningKeys;
  /** PUBLIC_URL: the issuer of access tokens. */
  readonly issuer: string;
}

export interface AccessTokenAnswer {
  readonly accessToken: string;
  readonly tokenType: 'Bearer';
  readonly expiresIn: number;
  readonly scopes: readonly Scope[];
}

/** Who a token stands for, and access tokens for API tokens. */
export class AuthService implements AuthApi {
  private readonly parts: AuthParts;

  constructor(parts: AuthParts) {
    this.parts = parts;
  }

  async authenticateApiToken(token: string): Promise<Principal | undefined> {
    const found = await findValidToken(this.parts.db, token, Date.now());
    return found && { accountId: found.accountId, tokenId: found.id, scopes: found.scopes };
  }

  async accessTokenSnapshot(): Promise<AccessTokenSnapshot> {
    const now = Date.now();
    const { db } = this.parts;
    const [rows, revokedTokenIds] = await Promise.all([
      listKeys(db, PLATFORM),
      listRevokedIds(db, now - REVOKED_LISTED_MS),
    ]);
    return { keys: { keys: chooseVerifying(rows, now).map(toVerifyingJwk) }, revokedTokenIds };
  }

  /** A short-lived access token for an API token, with its scopes or fewer. Only an API token is taken. */
  async exchange(
    apiToken: string,
    wanted: {
      readonly scopes?: readonly Scope[] | undefined;
      readonly expiresInSeconds?: number | undefined;
    },
  ): Promise<AccessTokenAnswer> {
    const now = Date.now();
    const { db, keys, issuer } = this.parts;
    const token = await findValidToken(db, apiToken, now);
    if (token === undefined) throw notAnApiToken();
    const { accountId, id: tokenId } = token;
    const scopes = wanted.scopes ?? token.scopes;
    requireHeld({ accountId, tokenId, scopes: token.scopes }, scopes);
    const issuedAt = Math.floor(now / 1000);
    const expiresAt = Math.min(
      issuedAt + (wanted.expiresInSeconds ?? ACCESS_TOKEN_LIFE_SECONDS),
      Math.floor((token.expiresAt ?? Infinity) / 1000),
    );
    if (expiresAt <= issuedAt) throw notAnApiToken();
    const accessToken = await signAccessToken(
      { principal: { accountId, tokenId, scopes }, issuer, issuedAt, expiresAt },
      await keys.getSigner(PLATFORM, now),
    );
    return { accessToken, tokenType: 'Bearer', expiresIn: expiresAt - issuedAt, scopes };
  }
}

/** Throws `auth.forbidden` naming the first scope that the holder lacks: nobody gives what he has not. */
export function requireHeld(holder: Principal, scopes: readonly Scope[]): void {
  const missing = scopes.find((scope) => !hasScope(holder, scope));
  if (missing === undefined) return;
  throw new AppError('auth.forbidden', `Your token lacks the scope "${missing}".`, {
    pointer: `/scopes/${scopes.indexOf(missing)}`,
  });
}

function notAnApiToken(): AppError {
  return new AppError(
    'auth.invalid_token',
    'Send an API token that is valid. An access token gives no further access tokens.',
  );
}
