import { AppError, isAppError } from '../../src/contracts/errors.ts';
import type { PlaybackRecord } from '../../src/contracts/media.ts';
import { peekSubject, verifyPlaybackToken } from '../../src/http/playback-token.ts';
import type {
  KnownTokens,
  PlaybackClaims,
  PlaybackRequest,
} from '../../src/http/playback-token.ts';
import { isOriginAllowed } from './allowed-origins.ts';
import { isPlayable, publishedRevision, unknownVideo } from './playback-decision.ts';
import { KEYS_MAX_AGE_MS, KEYS_RECHECK_MS } from './playback-keys.ts';
import type { PlaybackKeys } from './playback-keys.ts';
import type { PlaybackPath, PlaybackSubject } from './playback-path.ts';
import { UNKNOWN_MS } from './playback-records.ts';
import type { PlaybackRecords } from './playback-records.ts';

/** What one request may have: the published run of one video, and how far the answer may travel. */
export interface PlaybackGrant {
  readonly uid: string;
  readonly revision: string;
  /** True when the next viewer may be given the same answer without being checked. */
  readonly shared: boolean;
  /** Seconds since the epoch at which the permission ends; absent without a token. */
  readonly expiresAt?: number;
  /** Where the owner wants the thumbnail to be, as a share of the length; 0 for no wish. */
  readonly thumbnailPct: number;
  /** True when only listed pages may play. */
  readonly hasAllowedOrigins: boolean;
}

export interface AccessStores {
  readonly records: PlaybackRecords;
  readonly keys: PlaybackKeys;
  readonly tokens: KnownTokens;
}

/** Checks one playback request, whatever part of the video it asks for. No database, no other service. Throws the refusal. */
export async function authorise(
  request: Request,
  { subject, item }: PlaybackPath,
  stores: AccessStores,
  now: number,
): Promise<PlaybackGrant> {
  const wanted = 'revision' in item ? item.revision : undefined;
  const { uid, record } = await findRecordOf(subject, wanted, stores, now);
  const claims = await provePermission(subject, record, stores, viewerOf(request, uid, now));
  const hasAllowedOrigins = record.allowedOrigins.length > 0;
  if (hasAllowedOrigins && !isOriginAllowed(record.allowedOrigins, sourceOf(request))) {
    throw new AppError('playback.forbidden', 'This video may not be played on this page.');
  }
  return {
    uid,
    revision: publishedRevision(record, wanted),
    shared: claims === undefined && !hasAllowedOrigins,
    ...(claims !== undefined && { expiresAt: claims.exp }),
    thumbnailPct: record.thumbnailTimestampPct ?? 0,
    hasAllowedOrigins,
  };
}

/** The record of the video that the path names. Throws `video.not_found`, or `playback.unauthorized` for a token that names none. */
export async function findRecord(
  subject: PlaybackSubject,
  { records, tokens }: Pick<AccessStores, 'records' | 'tokens'>,
  now: number,
): Promise<{ readonly uid: string; readonly record: PlaybackRecord }> {
  const uid = subject.kind === 'uid' ? subject.uid : peekSubject(subject.token, tokens);
  if (uid === undefined) {
    throw new AppError('playback.unauthorized', 'This is not a playback token. Ask for a new one.');
  }
  const record = await records.find(uid, now);
  if (record === undefined) throw unknownVideo();
  return { uid, record };
}

/** Looks again when the record does not know the run: it may have been published a moment ago. */
async function findRecordOf(
  subject: PlaybackSubject,
  wanted: string | undefined,
  stores: AccessStores,
  now: number,
): ReturnType<typeof findRecord> {
  const found = await findRecord(subject, stores, now);
  if (wanted === undefined || isPlayable(found.record, wanted)) return found;
  const record = await stores.records.find(found.uid, now, UNKNOWN_MS);
  return record === undefined ? found : { uid: found.uid, record };
}

/** A token is proven even where the video is open: whoever signs one expects its rules to hold. */
async function provePermission(
  subject: PlaybackSubject,
  record: PlaybackRecord,
  stores: AccessStores,
  viewer: PlaybackRequest,
): Promise<PlaybackClaims | undefined> {
  if (subject.kind === 'token') return verify(subject.token, record.accountId, stores, viewer);
  if (record.requireSignedURLs) {
    throw new AppError(
      'playback.unauthorized',
      'This video needs a playback token in place of its id.',
    );
  }
  return undefined;
}

async function verify(
  token: string,
  accountId: string,
  { keys, tokens }: AccessStores,
  viewer: PlaybackRequest,
): Promise<PlaybackClaims> {
  const kept = await keys.get(accountId, viewer.now, KEYS_MAX_AGE_MS);
  try {
    return await verifyPlaybackToken(token, kept, viewer, tokens);
  } catch (error) {
    if (!isAppError(error) || error.code !== 'playback.unauthorized') throw error;
    // The key may be younger than the set that is kept here.
    const fresh = await keys.get(accountId, viewer.now, KEYS_RECHECK_MS);
    if (fresh === kept) throw error;
    return verifyPlaybackToken(token, fresh, viewer, tokens);
  }
}

/**
 * Where the viewer is, from the platform only: `X-Forwarded-For` and the like are whatever the caller writes.
 * Looked up when a rule asks: few tokens have rules, and `cf` is parsed when it is first touched.
 */
function viewerOf(request: Request, uid: string, now: number): PlaybackRequest {
  return {
    uid,
    now,
    get ip() {
      return request.headers.get('cf-connecting-ip') ?? undefined;
    },
    get country() {
      const country = request.cf?.['country'];
      return typeof country === 'string' ? country : undefined;
    },
  };
}

function sourceOf({ headers, url }: Request): Parameters<typeof isOriginAllowed>[1] {
  return {
    origin: headers.get('origin') ?? undefined,
    referer: headers.get('referer') ?? undefined,
    fetchSite: headers.get('sec-fetch-site') ?? undefined,
    url,
  };
}
