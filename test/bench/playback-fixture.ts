import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';

import type { PlaybackRecord, RenditionMap, SegmentMap } from '../../src/contracts/media.ts';
import {
  playbackKey,
  playbackKeysKey,
  segmentMapKey,
  taskOutputKey,
} from '../../src/contracts/object-keys.ts';
import { putObject } from './store-nginx.ts';

const ACCOUNT_ID = 'default';
const UID = 'be'.repeat(16);
const REVISION = '01k8zzzzzzzzzzzzzzzzzzzzzz';
const SEGMENT_BYTES = 2 ** 20;
const SEGMENTS = 600;
const INIT_BYTES = 1000;
const SEGMENT_TICKS = 6 * 90_000;
const RENDITION = '1080p';
const KID = 'benchmark';

/** A protected video of one hour in the store of the benchmark. */
export interface PlaybackFixture {
  readonly segment: Uint8Array;
  /** Where the segment lies in the store. */
  readonly place: { readonly key: string; readonly offset: number; readonly length: number };
  /** Addresses with a token in place of the uid. */
  readonly segmentPath: string;
  readonly playlistPath: string;
  readonly dashPath: string;
}

/** Lays out one segment's bytes, the segment map, the playback record and the account's keys, and signs a token. */
export async function layOutVideo(folder: string): Promise<PlaybackFixture> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: KID, alg: 'RS256' };
  const record: PlaybackRecord = {
    accountId: ACCOUNT_ID,
    state: 'ready',
    revision: REVISION,
    requireSignedURLs: true,
    allowedOrigins: [],
    version: 1,
  };
  const segment = randomBytes(SEGMENT_BYTES);
  const output = { uid: UID, revision: REVISION, taskId: 'video-0', epoch: 1, part: 0 };
  const key = taskOutputKey(output);
  const map: SegmentMap = {
    version: 1,
    objects: [key],
    renditions: [aRendition()],
    durationSeconds: SEGMENTS * 6,
  };
  await putJson(folder, playbackKeysKey(ACCOUNT_ID), { keys: [jwk] });
  await putJson(folder, playbackKey(UID), record);
  await putJson(folder, segmentMapKey(UID, REVISION), map);
  await putObject(folder, key, segment, INIT_BYTES);
  const token = await new SignJWT({ sub: UID, kid: KID })
    .setProtectedHeader({ alg: 'RS256', kid: KID })
    .setExpirationTime('1h')
    .sign(privateKey);
  return {
    segment,
    place: { key, offset: INIT_BYTES, length: SEGMENT_BYTES },
    segmentPath: `/${token}/media/${REVISION}/${RENDITION}/0.m4s`,
    playlistPath: `/${token}/media/${REVISION}/${RENDITION}/playlist.m3u8`,
    dashPath: `/${token}/manifest/video.mpd`,
  };
}

/** Puts a file where nginx serves it below `signed/`. */
export async function putSigned(folder: string, name: string, bytes: Uint8Array): Promise<string> {
  const path = `/signed/${name}`;
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), bytes);
  return path;
}

async function putJson(folder: string, key: string, value: unknown): Promise<void> {
  await putObject(folder, key, Buffer.from(JSON.stringify(value)));
}

function aRendition(): RenditionMap {
  return {
    name: RENDITION,
    kind: 'video',
    codecs: 'avc1.640028',
    width: 1920,
    height: 1080,
    frameRate: { numerator: 30, denominator: 1 },
    timescale: 90_000,
    bandwidthBps: 1_400_000,
    averageBandwidthBps: 1_400_000,
    init: { object: 0, offset: 0, length: INIT_BYTES },
    segments: Array.from({ length: SEGMENTS }, () => ({
      object: 0,
      offset: INIT_BYTES,
      length: SEGMENT_BYTES,
      durationTicks: SEGMENT_TICKS,
    })),
  };
}
