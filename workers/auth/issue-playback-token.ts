import { SignJWT } from 'jose';
import { z } from 'zod';

import { AppError } from '../../src/contracts/errors.ts';
import {
  PLAYBACK_TOKEN_MAX_LIFE_SECONDS,
  playbackGrantSchema,
  secondsSchema,
} from '../../src/http/playback-token.ts';
import { readStrictJws } from '../../src/http/strict-jws.ts';

const DEFAULT_LIFE_SECONDS = 3600;
/** Players whose clock is behind must not wait. */
const DEFAULT_HEAD_START_SECONDS = 3600;

/** What a client may ask of a playback token; every member is optional. */
export const playbackTokenRequestSchema = z.strictObject({
  ...playbackGrantSchema.shape,
  exp: secondsSchema.optional(),
  nbf: secondsSchema.optional(),
});

export type PlaybackTokenRequest = z.infer<typeof playbackTokenRequestSchema>;

/** Signs a token of Stream's form for one video; `now` in ms. Throws `request.invalid` naming the time at fault. */
export async function issuePlaybackToken(
  uid: string,
  request: PlaybackTokenRequest,
  key: { readonly id: string; readonly privateKey: CryptoKey },
  now: number,
): Promise<string> {
  const { exp, nbf } = planTimes(request, Math.floor(now / 1000));
  const token = await new SignJWT({ ...request, sub: uid, kid: key.id, exp, nbf })
    .setProtectedHeader({ alg: 'RS256', kid: key.id })
    .sign(key.privateKey);
  if (readStrictJws(token) === undefined) {
    throw invalid('/accessRules', 'is too long to stand in an address; name fewer networks');
  }
  return token;
}

function planTimes(request: PlaybackTokenRequest, now: number): { exp: number; nbf: number } {
  const exp = request.exp ?? now + DEFAULT_LIFE_SECONDS;
  const nbf = request.nbf ?? now - DEFAULT_HEAD_START_SECONDS;
  if (exp <= now) throw invalid('/exp', 'is in the past');
  if (exp > now + PLAYBACK_TOKEN_MAX_LIFE_SECONDS) {
    throw invalid('/exp', 'is more than 24 hours ahead');
  }
  if (nbf >= exp) throw invalid('/nbf', 'is not before the end of the token');
  return { exp, nbf };
}

function invalid(pointer: string, fault: string): AppError {
  return new AppError('request.invalid', `${pointer.slice(1)} ${fault}.`, { pointer });
}
