import type { JSONWebKeySet } from 'jose';

import type { ImageOrder } from './image-task.ts';
import type { SourceFacts, VideoState } from './media.ts';
import type { MetricBatch } from './metrics.ts';
import type { Principal, Scope } from './principal.ts';
import type { ServiceName } from './services.ts';
import type { EncoderHealth, FailureCode } from './task-protocol.ts';

/** What the gateway needs to check access tokens by itself; refreshed every 30 s. */
export interface AccessTokenSnapshot {
  readonly keys: JSONWebKeySet;
  /** API tokens withdrawn within the life of an access token. */
  readonly revokedTokenIds: readonly string[];
}

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
}

export interface AuthApi {
  /** The principal of an API token that is valid now. One database read. */
  authenticateApiToken(token: string): Promise<Principal | undefined>;
  accessTokenSnapshot(): Promise<AccessTokenSnapshot>;
}

export interface UploadApi {
  /** Ends the upload of a deleted video and frees its parts; repeats change nothing. */
  abortForVideo(uid: string): Promise<void>;
  /** Moves the time until which the video's upload may be completed, ms. False when it has ended or is being completed. */
  moveExpiry(uid: string, expiresAt: number): Promise<boolean>;
}

/** The columns that clients and services read; times in ms since the epoch. */
export interface Video {
  readonly uid: string;
  readonly accountId: string;
  readonly state: VideoState;
  readonly revision?: string;
  readonly publishedRevision?: string;
  readonly name: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly creator?: string;
  readonly sizeBytes: number;
  readonly durationSeconds?: number;
  readonly width?: number;
  readonly height?: number;
  readonly requireSignedURLs: boolean;
  readonly allowedOrigins: readonly string[];
  readonly thumbnailTimestampPct: number;
  readonly maxDurationSeconds?: number;
  /** Name of the encoding profile; absent for the account's default. */
  readonly profile?: string;
  readonly scheduledDeletion?: number;
  readonly errorReasonCode: string;
  readonly errorReasonText: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly uploadedAt?: number;
  readonly uploadExpiresAt?: number;
  readonly readyAt?: number;
}

export interface NewVideo {
  readonly uid: string;
  readonly accountId: string;
  readonly name: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly creator?: string;
  readonly requireSignedURLs?: boolean;
  readonly allowedOrigins?: readonly string[];
  readonly sizeBytes?: number;
  readonly uploadExpiresAt?: number;
  readonly maxDurationSeconds?: number;
  readonly profile?: string;
}

export interface RunId {
  readonly uid: string;
  readonly revision: string;
}

export interface MetadataApi {
  /** Makes the row in state `pendingupload`; a repeat with the same uid changes nothing. */
  createVideo(video: NewVideo): Promise<Video>;
  findVideo(accountId: string, uid: string): Promise<Video | undefined>;
  /** True for a uid whose video was deleted within the last 30 days. */
  wasDeleted(uid: string): Promise<boolean>;
  /** The video in Stream's wire shape (reference: Video object). */
  describeVideo(accountId: string, uid: string): Promise<Record<string, unknown> | undefined>;
  /** `pendingupload → queued` and `video.uploaded` in one batch. False when the video is gone or deleted; a repeat is true. */
  uploadCompleted(run: RunId & { readonly sizeBytes: number }): Promise<boolean>;
  /** `ready | error → queued` with a new revision, another profile if named, and `video.uploaded`. Throws `video.busy` in any other state. */
  restart(accountId: string, run: RunId & { readonly profile?: string }): Promise<void>;
  /** `queued → inprogress`. False when the run is not the video's current one. */
  encodeStarted(run: RunId): Promise<boolean>;
  sourceProbed(run: RunId, facts: SourceFacts): Promise<boolean>;
  /** The fenced publish: `inprogress → ready` with `video.ready`. A repeat is true and changes nothing, also when a newer run has begun. */
  published(run: RunId & { readonly durationSeconds: number }): Promise<boolean>;
  /** True while the run plays or may still be played: its objects must stay. */
  isPlayable(run: RunId): Promise<boolean>;
  /** Any unfinished state → `error` with `video.failed`. */
  failed(run: RunId, code: FailureCode, text: string): Promise<boolean>;
  /** An upload that ended without a file: the row goes when it never had one. */
  uploadExpired(uid: string): Promise<void>;
}

export interface CacheApi {
  get(namespace: CacheNamespace, key: string): Promise<string | undefined>;
  put(namespace: CacheNamespace, key: string, value: string): Promise<void>;
  invalidate(namespace: CacheNamespace, key: string): Promise<void>;
}
/** `playlist`: rendered playlists, key `{uid}/{revision}/{name}`: versioned, so never stale. */
export type CacheNamespace = 'playlist';

/** Progress of a run; `acceptedFrames ÷ plannedFrames` never goes back. */
export interface JobProgress {
  readonly acceptedFrames: number;
  readonly plannedFrames: number;
}

/** Unfinished jobs of all accounts. */
export interface Workload {
  readonly queued: number;
  readonly inProgress: number;
  /** Media still to be encoded, in its own time; estimated for jobs beyond the oldest ones and for sources not yet looked at. */
  readonly backlogMediaSeconds: number;
  /** Time since a job among the oldest ones last moved: the longest of them, 0 when all of them work. */
  readonly longestStandstillSeconds: number;
}

export interface TranscoderApi {
  /** Progress by job id; unknown ids are left out. */
  progress(jobIds: readonly string[]): Promise<Readonly<Record<string, JobProgress>>>;
  cancelForVideo(uid: string): Promise<void>;
  /** Makes a job look at what it has to do; one that is over does nothing. */
  poke(jobId: string): Promise<void>;
  encoderHealth(): Promise<EncoderHealth>;
  /** What the unfinished jobs still have to do. */
  workload(): Promise<Workload>;
  /** Throws `profile.not_found` for a name that the account has no profile of. */
  requireProfile(accountId: string, name: string): Promise<void>;
  /** Makes an image and keeps it. False when no encoder has room for it within its deadline. */
  makeImage(order: ImageOrder): Promise<boolean>;
}

/** A queue message that could not be handled to the end, or read at all. */
export interface DeadLetter {
  readonly id: string;
  readonly queue: 'events' | 'transcode';
  readonly type: string;
  /** What it was about: a video's uid, a job's id. */
  readonly subject: string;
  readonly body: unknown;
  readonly attempts: number;
  readonly reason: string;
}

interface WorkerApi {
  /** Makes sure that the sweeper runs soon; cheap to repeat. */
  armSweeper(): Promise<void>;
  /** Keeps a dead letter for the operators; a repeat changes nothing. */
  recordDeadLetter(letter: DeadLetter): Promise<void>;
}

export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface MonitorApi {
  /** Adds what an isolate counted; a repeat of the same batch counts once. */
  addMetrics(batch: MetricBatch): Promise<void>;
  readiness(): Promise<{ readonly ready: boolean; readonly checks: readonly ReadinessCheck[] }>;
}

/** The typed calls between services. A service without calls of its own is not listed. */
export interface ServiceApis {
  readonly auth: AuthApi;
  readonly upload: UploadApi;
  readonly metadata: MetadataApi;
  readonly cache: CacheApi;
  readonly transcoder: TranscoderApi;
  readonly worker: WorkerApi;
  readonly monitor: MonitorApi;
}

export type CallableService = keyof ServiceApis & ServiceName;
