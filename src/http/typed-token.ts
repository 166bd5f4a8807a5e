import { errors, jwtVerify } from 'jose';
import type { JWK, JWTPayload } from 'jose';

import { hasBoundedLife, readStrictJws } from './strict-jws.ts';

/** Clocks of two machines may differ this much; it never lengthens a token's life. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** What sets one kind of token apart from every other (RFC 8725 §3.11, §3.9). */
export interface TypedTokenKind {
  readonly algorithm: 'EdDSA' | 'HS256';
  readonly typ: string;
  readonly audience: string;
  readonly issuer: string;
  readonly maxLifeSeconds: number;
}

/** The claims of a token of this kind that is valid at `now` (ms); undefined for anything else. */
export async function verifyTypedToken(
  token: string,
  kind: TypedTokenKind,
  keyOf: (kid: string | undefined) => JWK | CryptoKey | undefined,
  now: number,
): Promise<JWTPayload | undefined> {
  const jws = readStrictJws(token);
  if (jws === undefined || jws.header.alg !== kind.algorithm || jws.header.typ !== kind.typ) {
    return undefined;
  }
  const key = keyOf(jws.header.kid);
  if (key === undefined) return undefined;
  const payload = await verifySignature(token, kind, key, now);
  if (payload === undefined || !hasBoundedLife(payload, kind.maxLifeSeconds)) return undefined;
  const { exp = 0 } = payload;
  return payload.aud === kind.audience && exp * 1000 > now ? payload : undefined;
}

async function verifySignature(
  token: string,
  kind: TypedTokenKind,
  key: JWK | CryptoKey,
  now: number,
): Promise<JWTPayload | undefined> {
  try {
    const verified = await jwtVerify(token, key, {
      algorithms: [kind.algorithm],
      typ: kind.typ,
      issuer: kind.issuer,
      audience: kind.audience,
      requiredClaims: ['sub', 'iat', 'exp', 'jti'],
      maxTokenAge: kind.maxLifeSeconds,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(now),
    });
    return verified.payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
