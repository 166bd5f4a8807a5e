import type { VideoState } from '../../src/contracts/media.ts';
import type { ReadinessCheck, Workload } from '../../src/contracts/service-apis.ts';

/** A part of Stream's Video object: what the dashboard shows. */
export interface Video {
  readonly uid: string;
  readonly created: string;
  readonly duration: number;
  readonly size: number;
  readonly meta: { readonly name?: string };
  /** Null for sound only. */
  readonly thumbnail: string | null;
  readonly readyToStream: boolean;
  readonly requireSignedURLs: boolean;
  readonly allowedOrigins: readonly string[];
  readonly input: { readonly width: number; readonly height: number };
  readonly status: {
    readonly state: VideoState;
    readonly pctComplete?: string;
    readonly errorReasonText?: string;
  };
}

export type JobState = 'queued' | 'inprogress' | 'ready' | 'error' | 'cancelled';
export type TaskState = 'waiting' | 'running' | 'done';

export interface TaskProgress {
  readonly id: string;
  readonly kind: string;
  readonly state: TaskState;
  readonly attempts: readonly { readonly epoch: number }[];
  readonly framesDone: number;
  readonly framesPlanned: number;
  readonly startSeconds?: number;
  readonly endSeconds?: number;
}

export interface RenditionProgress {
  readonly name: string;
  readonly acceptedFrames: number;
  readonly plannedFrames: number;
  readonly pctComplete: number;
}

/** A transcode job as the API tells it, whole in every `progress` event. */
export interface Job {
  readonly id: string;
  readonly uid: string;
  readonly state: JobState;
  readonly phase: string;
  readonly acceptedFrames: number;
  readonly plannedFrames: number;
  readonly pctComplete: number;
  readonly renditions: readonly RenditionProgress[];
  readonly tasks: readonly TaskProgress[];
  /** Why no task runs at the moment, and what to do. */
  readonly waiting?: string;
  readonly reason?: string;
}

/** The plan of an upload: equal parts, all but the last. */
export interface UploadPlan {
  readonly id: string;
  readonly uid: string;
  readonly partSizeBytes: number;
  readonly partCount: number;
}

export interface UploadStatus extends UploadPlan {
  readonly state?: 'open' | 'completing' | 'completed' | 'aborted' | 'expired';
  readonly receivedParts: readonly { readonly partNumber: number }[];
}

/** An encoding profile of the account. */
export interface Profile {
  readonly name: string;
  readonly default: boolean;
}

export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly severity: 'warning' | 'critical';
  readonly state: 'firing' | 'resolved';
  readonly summary: string;
  readonly startedAt: string;
  readonly resolvedAt?: string;
  readonly acknowledgedAt?: string;
}

/** The last day in steps of five minutes; one value for each step. */
export type StatusSeries = { readonly at: readonly number[] } & Readonly<
  Record<
    | 'requestsPerSecond'
    | 'serverErrorRatio'
    | 'latencyP95Seconds'
    | 'segmentBytesPerSecond'
    | 'uploadBytesPerSecond'
    | 'playbackStarts'
    | 'encodeSpeed'
    | 'backlogMediaSeconds'
    | 'queueMessages',
    readonly (number | null)[]
  >
>;

/** A part of `/api/v1/status`: what the page shows. */
export interface PlatformStatus {
  readonly ready: boolean;
  readonly checks: readonly ReadinessCheck[];
  readonly workload?: Workload;
  readonly encoder?: { readonly busy: number; readonly slots: number };
  readonly alerts: readonly Alert[];
  readonly series: StatusSeries;
}

export interface ServiceState {
  readonly name: string;
  readonly version?: string;
  readonly status: string;
}
