import { compactVerify, errors } from 'jose';
import { z } from 'zod';

import { AppError } from '../contracts/errors.ts';
import { accessRulesSchema, isViewerAllowed } from './playback-access-rules.ts';
import type { Viewer } from './playback-access-rules.ts';
import { readStrictJws } from './strict-jws.ts';
import type { StrictJws } from './strict-jws.ts';

/** No playback token reaches further ahead, whoever signed it. */
export const PLAYBACK_TOKEN_MAX_LIFE_SECONDS = 24 * 3600;
const LEEWAY_SECONDS = 60;

const keySchema = z.object({
  kty: z.literal('RSA'),
  alg: z.literal('RS256'),
  kid: z.string().min(1),
  n: z.string(),
  e: z.string(),
  /** Seconds since the epoch: from then on the key verifies nothing; absent while it is the newest. */
  exp: z.int().exactOptional(),
});
const keySetSchema = z.object({ keys: z.array(keySchema) });

/** The public playback keys of one account: the R2 object `accounts/{account}/playback-keys`. */
export type PlaybackKeySet = z.infer<typeof keySetSchema>;

/** A time in whole seconds; clients of Stream also write it as a string of digits. */
export const secondsSchema = z.union([
  z.int().min(0),
  z
    .string()
    .regex(/^\d{1,12}$/)
    .transform(Number),
]);

/** What a token may say beside who, which key and until when. */
export const playbackGrantSchema = z.object({
  downloadable: z.boolean().optional(),
  accessRules: accessRulesSchema.optional(),
  flags: z.object({ original: z.boolean().optional() }).optional(),
});

const claimsSchema = playbackGrantSchema.extend({
  sub: z.string().regex(/^[0-9a-f]{32}$/),
  exp: secondsSchema,
  nbf: secondsSchema.exactOptional(),
  iat: secondsSchema.exactOptional(),
  kid: z.string().exactOptional(),
  aud: z.literal('playback').exactOptional(),
});

export type PlaybackClaims = Readonly<z.infer<typeof claimsSchema>>;

/** Reads the stored key set. Throws when the object is not one. */
export function parsePlaybackKeySet(json: string): PlaybackKeySet {
  return keySetSchema.parse(JSON.parse(json));
}

/** A token that was read before. What it says of times and viewers is checked at every request all the same. */
export interface ReadToken {
  readonly jws: StrictJws;
  readonly claims: PlaybackClaims;
  /** Modulus of the key whose signature it was found to bear. */
  readonly provenBy?: string;
}

/** Tokens that this isolate has read: a player sends the same one with every segment. */
export interface KnownTokens {
  get(token: string): ReadToken | undefined;
  set(token: string, read: ReadToken): void;
}

/** The video that a token names, before anything is proven: only good for finding the account's keys. */
export function peekSubject(token: string, known?: KnownTokens): string | undefined {
  return readToken(token, known)?.claims.sub;
}

function readToken(token: string, known?: KnownTokens): ReadToken | undefined {
  const kept = known?.get(token);
  if (kept !== undefined) return kept;
  const jws = readStrictJws(token);
  const claims = claimsSchema.safeParse(jws?.payload);
  if (jws === undefined || !claims.success) return undefined;
  const read = { jws, claims: claims.data };
  known?.set(token, read);
  return read;
}

/** One playback request: the clock (ms), the viewer, and the uid where the path implies one. */
export interface PlaybackRequest extends Viewer {
  readonly now: number;
  readonly uid?: string;
}

/**
 * The claims of a token that lets this viewer watch now. Throws `playback.unauthorized` (not a token of ours that is
 * valid now) or `playback.forbidden` (an access rule blocks the viewer). Call it on every request, segments too.
 */
export async function verifyPlaybackToken(
  token: string,
  keySet: PlaybackKeySet,
  request: PlaybackRequest,
  known?: KnownTokens,
): Promise<PlaybackClaims> {
  const read = readToken(token, known);
  if (read === undefined) throw unauthorized('is not a playback token');
  const { claims, jws } = read;
  const key = keyOf(jws, keySet, request.now);
  if (key === undefined || (read.provenBy !== key.n && !(await isSigned(token, key)))) {
    throw unauthorized('is not signed by a key of this account');
  }
  if (read.provenBy !== key.n) known?.set(token, { ...read, provenBy: key.n });
  const fault = faultOf(claims, request);
  if (fault !== undefined) throw unauthorized(fault);
  if (!isViewerAllowed(claims.accessRules ?? [], request)) {
    throw new AppError('playback.forbidden', 'An access rule of this token blocks this viewer.');
  }
  return claims;
}

type PlaybackKey = PlaybackKeySet['keys'][number];

/** The key that the token names, while it may verify. */
function keyOf(
  { header, payload }: StrictJws,
  { keys }: PlaybackKeySet,
  now: number,
): PlaybackKey | undefined {
  if (header.alg !== 'RS256' || (header.typ ?? 'JWT') !== 'JWT') return undefined;
  const { kid = header.kid } = payload as { kid?: unknown };
  if (header.kid !== undefined && header.kid !== kid) return undefined;
  const key = keys.find((candidate) => candidate.kid === kid);
  return key?.exp !== undefined && key.exp * 1000 <= now ? undefined : key;
}

async function isSigned(token: string, key: PlaybackKey): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: ['RS256'] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

function faultOf(claims: PlaybackClaims, request: PlaybackRequest): string | undefined {
  const now = request.now / 1000;
  if (request.uid !== undefined && request.uid !== claims.sub) return 'is for another video';
  if (claims.exp <= now) return 'has expired';
  if (claims.exp > now + PLAYBACK_TOKEN_MAX_LIFE_SECONDS + LEEWAY_SECONDS) {
    return 'expires more than 24 hours ahead';
  }
  const start = Math.max(claims.nbf ?? 0, claims.iat ?? 0);
  return start > now + LEEWAY_SECONDS ? 'is not valid yet' : undefined;
}

function unauthorized(fault: string): AppError {
  return new AppError('playback.unauthorized', `The playback token ${fault}. Ask for a new one.`);
}
