import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWTPayload } from 'jose';

import { createRevision, createUid } from '../../src/contracts/ids.ts';
import type { PlaybackRecord, RenditionMap, SegmentMap } from '../../src/contracts/media.ts';
import {
  playbackKey,
  playbackKeysKey,
  segmentMapKey,
  taskOutputKey,
} from '../../src/contracts/object-keys.ts';
import { rawPathOf } from '../../src/http/raw-path.ts';
import type { Logger } from '../../src/kernel/logger.ts';
import type { PlaybackHandler } from '../../src/kernel/service-context.ts';

/** Sizes in the first task's object: init, then segments 0 and 1; the second task's object holds segment 2. */
const INIT = { object: 0, offset: 0, length: 50 };
export const SEGMENT_SIZE = 1000;

const VIDEO: RenditionMap = {
  name: '360p',
  kind: 'video',
  codecs: 'avc1.64001e',
  width: 640,
  height: 360,
  frameRate: { numerator: 30, denominator: 1 },
  timescale: 30000,
  bandwidthBps: 800_000,
  averageBandwidthBps: 700_000,
  init: INIT,
  segments: [
    { object: 0, offset: 50, length: SEGMENT_SIZE, durationTicks: 60_000, keyFrameLength: 400 },
    { object: 0, offset: 1050, length: 700, durationTicks: 120_000, keyFrameLength: 300 },
    { object: 1, offset: 0, length: 300, durationTicks: 45_000, keyFrameLength: 200 },
  ],
};
const AUDIO: RenditionMap = {
  name: 'audio',
  kind: 'audio',
  codecs: 'mp4a.40.2',
  channels: 2,
  timescale: 48000,
  bandwidthBps: 130_000,
  averageBandwidthBps: 128_000,
  init: INIT,
  segments: [{ object: 0, offset: 60, length: 40, durationTicks: 96_256 }],
};

const STORYBOARD = {
  object: 0,
  offset: 200,
  length: 60,
  tileWidth: 160,
  tileHeight: 90,
  columns: 5,
  tiles: 8,
  intervalSeconds: 1,
};

export interface SeededVideo {
  readonly uid: string;
  readonly accountId: string;
  readonly revision: string;
  /** The bytes of the first and second object. */
  readonly objects: readonly Uint8Array[];
  readonly objectKeys: readonly string[];
}

export interface SeedOptions {
  readonly record?: Partial<PlaybackRecord>;
  readonly renditions?: readonly ('video' | 'audio')[];
  readonly isPublished?: boolean;
  readonly hasPoster?: boolean;
  readonly hasStoryboard?: boolean;
}

/** A processed video in R2: playback record, segment map and packed objects. Its account has no keys yet. */
export async function seedVideo(options: SeedOptions = {}): Promise<SeededVideo> {
  const uid = createUid();
  const revision = createRevision(Date.now());
  const accountId = `account-${uid.slice(0, 8)}`;
  const objects = [bytes(2000, 7), bytes(300, 11)];
  const objectKeys = ['v0', 'v1'].map((taskId) =>
    taskOutputKey({ uid, revision, taskId, epoch: 1, part: 0 }),
  );
  const kinds = options.renditions ?? ['video', 'audio'];
  const map: SegmentMap = {
    version: 1,
    objects: objectKeys,
    renditions: [VIDEO, AUDIO].filter(({ kind }) => kinds.includes(kind)),
    ...(options.hasPoster !== false && { poster: { object: 0, offset: 100, length: 80 } }),
    ...(options.hasStoryboard !== false && { storyboard: STORYBOARD }),
    durationSeconds: 7.5,
  };
  const record: PlaybackRecord = {
    accountId,
    state: 'ready',
    ...(options.isPublished !== false && { revision }),
    requireSignedURLs: false,
    allowedOrigins: [],
    version: 1,
    ...options.record,
  };
  for (const [n, key] of objectKeys.entries()) await env.MEDIA.put(key, objects[n] ?? '');
  await env.MEDIA.put(segmentMapKey(uid, revision), JSON.stringify(map));
  await env.MEDIA.put(playbackKey(uid), JSON.stringify(record));
  return { uid, accountId, revision, objects, objectKeys };
}

/** A playback key of the account; the answer signs tokens with it. */
export async function seedKey(accountId: string): Promise<(claims: JWTPayload) => Promise<string>> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const kid = `key_${accountId}`;
  const { n, e } = await exportJWK(publicKey);
  const keys = [{ kty: 'RSA', alg: 'RS256', kid, n, e }];
  await env.MEDIA.put(playbackKeysKey(accountId), JSON.stringify({ keys }));
  return (claims) => sign(claims, privateKey, kid);
}

/** The text of a playlist; `text()` would warn that its type is none of text. */
export async function textOf(response: Response): Promise<string> {
  return new TextDecoder().decode(await response.arrayBuffer());
}

/** Seconds since the epoch, so many from now. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

function sign(claims: JWTPayload, key: CryptoKey, kid: string): Promise<string> {
  return new SignJWT({ exp: inSeconds(300), ...claims })
    .setProtectedHeader({ alg: 'RS256', kid })
    .sign(key);
}

function bytes(length: number, step: number): Uint8Array {
  return Uint8Array.from({ length }, (_, n) => (n * step) % 251);
}

/** One request to a playback handler of the test's own, with all that it leaves for later. */
export async function playOnce(
  playback: PlaybackHandler,
  request: Request,
  logger: Logger,
): Promise<Response> {
  const execution = createExecutionContext();
  const response = await playback(request, {
    path: rawPathOf(request.url),
    requestId: 'req_test',
    logger,
    waitUntil: (work) => execution.waitUntil(work),
  });
  await waitOnExecutionContext(execution);
  return response;
}
