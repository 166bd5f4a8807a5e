import { SignJWT } from 'jose';
import type { JWK } from 'jose';
import { z } from 'zod';

import { SCOPES } from '../contracts/principal.ts';
import type { Principal, Scope } from '../contracts/principal.ts';
import type { AccessTokenSnapshot } from '../contracts/service-apis.ts';
import { verifyTypedToken } from './typed-token.ts';
import type { TypedTokenKind } from './typed-token.ts';

export const ACCESS_TOKEN_LIFE_SECONDS = 300;

const claimsSchema = z.object({
  sub: z.string().min(1),
  tid: z.string().min(1),
  scope: z
    .string()
    .transform((scope) => scope.split(' '))
    .pipe(z.array(z.enum(SCOPES)).min(1)),
});

export interface AccessTokenGrant {
  readonly principal: Principal;
  readonly issuer: string;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A signed access token for the principal. */
export async function signAccessToken(
  grant: AccessTokenGrant,
  key: { readonly id: string; readonly privateKey: CryptoKey },
): Promise<string> {
  const { principal, issuer, issuedAt, expiresAt } = grant;
  const { algorithm, typ, audience } = kindOf(issuer);
  return new SignJWT({ tid: principal.tokenId, scope: principal.scopes.join(' ') })
    .setProtectedHeader({ alg: algorithm, typ, kid: key.id })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(principal.accountId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .setJti(crypto.randomUUID())
    .sign(key.privateKey);
}

/** The caller behind an access token that is valid at `now` (ms) and whose API token was not revoked. */
export async function verifyAccessToken(
  token: string,
  snapshot: AccessTokenSnapshot,
  expected: { readonly issuer: string; readonly now: number },
): Promise<Principal | undefined> {
  const { issuer, now } = expected;
  const keys = new Map(snapshot.keys.keys.map((key) => [key.kid, key]));
  const keyOf = (kid: string | undefined): JWK | undefined =>
    kid === undefined ? undefined : keys.get(kid);
  const claims = claimsSchema.safeParse(await verifyTypedToken(token, kindOf(issuer), keyOf, now));
  if (!claims.success || snapshot.revokedTokenIds.includes(claims.data.tid)) return undefined;
  const { sub, tid, scope } = claims.data;
  return { accountId: sub, tokenId: tid, scopes: scope satisfies readonly Scope[] };
}

function kindOf(issuer: string): TypedTokenKind {
  return {
    algorithm: 'EdDSA',
    typ: 'at+jwt',
    audience: 'api',
    issuer,
    maxLifeSeconds: ACCESS_TOKEN_LIFE_SECONDS,
  };
}
