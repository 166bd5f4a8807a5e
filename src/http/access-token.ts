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
  exp: z.int(),
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

/** An access token whose signature was checked. Its end, its key and its revocation are looked at every time all the same. */
export interface ProvenAccessToken {
  readonly kid: string;
  /** Public part of the key that it was found to be signed by. */
  readonly publicKey: string;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  readonly principal: Principal;
}

/** Tokens that this isolate has proven: a client sends the same one with every request of five minutes. */
export interface KnownAccessTokens {
  get(token: string): ProvenAccessToken | undefined;
  set(token: string, proven: ProvenAccessToken): void;
}

/** The caller behind an access token that is valid at `now` (ms) and whose API token was not revoked. */
export async function verifyAccessToken(
  token: string,
  snapshot: AccessTokenSnapshot,
  expected: { readonly issuer: string; readonly now: number },
  known?: KnownAccessTokens,
): Promise<Principal | undefined> {
  const proven = known?.get(token) ?? (await prove(token, snapshot, expected));
  if (proven === undefined) return undefined;
  known?.set(token, proven);
  const { kid, publicKey, expiresAt, principal } = proven;
  if (keyOf(snapshot, kid)?.x !== publicKey || expiresAt * 1000 <= expected.now) return undefined;
  return snapshot.revokedTokenIds.includes(principal.tokenId) ? undefined : principal;
}

async function prove(
  token: string,
  snapshot: AccessTokenSnapshot,
  { issuer, now }: { readonly issuer: string; readonly now: number },
): Promise<ProvenAccessToken | undefined> {
  let key: JWK | undefined;
  const find = (kid: string | undefined): JWK | undefined => (key = keyOf(snapshot, kid));
  const claims = claimsSchema.safeParse(await verifyTypedToken(token, kindOf(issuer), find, now));
  if (!claims.success || key?.kid === undefined || key.x === undefined) return undefined;
  const { sub, tid, scope, exp } = claims.data;
  const principal = { accountId: sub, tokenId: tid, scopes: scope satisfies readonly Scope[] };
  return { kid: key.kid, publicKey: key.x, expiresAt: exp, principal };
}

function keyOf({ keys }: AccessTokenSnapshot, kid: string | undefined): JWK | undefined {
  return kid === undefined ? undefined : keys.keys.find((key) => key.kid === kid);
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
