import { z } from 'zod';

import type { SourceFacts } from './media.ts';
import { VIDEO_CODECS } from './profile.ts';

/**
 * The protocol between a runner (Worker side) and an encoder (container or local process).
 *
 * `POST {encoder}/tasks` with a {@link TaskRequest} and `Authorization: Bearer {TASK_TOKEN_SECRET}`
 * answers 200 and a stream of JSON lines ({@link TaskLine}), at least one every two seconds, the last one
 * `result` or `failure`; 503 when every slot is taken. Closing the request aborts the task and kills its ffmpeg.
 * A `traceparent` header makes the task part of a trace: if that is sampled, the last line carries the encoder's `spans`,
 * and the encoder's own requests name the span that they belong to.
 * `GET {encoder}/health` with the same bearer answers {@link EncoderHealth}; whoever would be refused a task gets 401 here.
 *
 * The encoder fetches `GET {callback.url}/source` (Range allowed) and stores output with
 * `PUT {callback.url}/output/{part}` (Content-Length, `x-content-sha256` in lower-case hex),
 * both with `Authorization: Bearer {callback.token}`. The last PUT of a task must be answered before `result` is written.
 */
export const TASK_PROTOCOL_VERSION = 2;

/** Largest output object in bytes; a longer output is split into parts. */
export const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

const rational = z.object({ numerator: z.int().positive(), denominator: z.int().positive() });
const span = z.object({ start: z.int().min(0), end: z.int().positive() });

const videoFacts = z.object({
  codec: z.string(),
  width: z.int().positive(),
  height: z.int().positive(),
  rotation: z.int(),
  frameRate: rational,
  pixelFormat: z.string(),
  interlaced: z.boolean(),
  hdr: z.boolean(),
  durationSeconds: z.number().positive(),
  startSeconds: z.number().min(0),
  packets: z.int().positive(),
  keyFrameSeconds: z.number().positive().exactOptional(),
  skipSeconds: z.number().exactOptional(),
  pictureSeconds: z.number().positive().exactOptional(),
  alpha: z.boolean().exactOptional(),
  maxShortSide: z.int().positive().exactOptional(),
  colorSpace: z.string().exactOptional(),
});
const audioFacts = z.object({
  track: z.int().min(0),
  codec: z.string(),
  channels: z.int().positive(),
  sampleRate: z.int().positive(),
  durationSeconds: z.number().positive(),
  startSeconds: z.number().min(0),
  packets: z.int().positive(),
  skipSeconds: z.number().exactOptional(),
  language: z.string().exactOptional(),
  title: z.string().exactOptional(),
});
const sourceFactsSchema = z.object({
  container: z.string(),
  durationSeconds: z.number().positive(),
  video: videoFacts.exactOptional(),
  audio: z.array(audioFacts).readonly(),
}) satisfies z.ZodType<SourceFacts>;

const videoRendition = z.object({
  codec: z.enum(VIDEO_CODECS).exactOptional(),
  name: z.string(),
  width: z.int().positive(),
  height: z.int().positive(),
  maxBitrateBps: z.int().positive(),
  level: z.int().positive(),
});
const audioRendition = z.object({
  name: z.string(),
  codec: z.enum(['aac', 'ac3', 'eac3']),
  channels: z.int().positive(),
  sampleRate: z.int().positive(),
  bitrateBps: z.int().positive(),
});

/** Find out what the source is; refuse what cannot be played. */
const probeTask = z.object({ kind: z.literal('probe'), maxDurationSeconds: z.number().positive() });

/** Encode frames `segments[0].start … segments.at(-1).end` of the frame grid once for every rendition, cut as listed. */
const videoTask = z.object({
  kind: z.literal('video'),
  facts: videoFacts,
  renditions: z.array(videoRendition).min(1),
  segments: z.array(span).min(1),
  /** True when the last segment ends the video: up to two missing frames there are made by repeating the last picture. */
  isLast: z.boolean(),
  /** Quality and preset as x264 counts them; absent for 23 and `veryfast`. */
  encode: z.object({ quality: z.int(), preset: z.string() }).exactOptional(),
});

/**
 * Encode or copy one whole audio track in one go; segments in frames of the rendition's codec.
 * The first frame of AAC is the priming frame.
 */
const audioTask = z.object({
  kind: z.literal('audio'),
  facts: audioFacts,
  rendition: audioRendition,
  /** Decode time of the first frame in samples: where a copied track begins. An encoded one begins at 0. */
  startTick: z.int().min(0).exactOptional(),
  segments: z.array(span).min(1),
});

/** Make one JPEG near the given second. */
const posterTask = z.object({
  kind: z.literal('poster'),
  facts: videoFacts,
  atSeconds: z.number().min(0),
  width: z.int().positive(),
  height: z.int().positive(),
});

/** Make one JPEG with a tile for every interval of the video. */
const storyboardTask = z.object({
  kind: z.literal('storyboard'),
  facts: videoFacts,
  layout: z.object({
    tileWidth: z.int().positive(),
    tileHeight: z.int().positive(),
    columns: z.int().positive(),
    tiles: z.int().positive(),
    intervalSeconds: z.int().positive(),
  }),
  keyFramesOnly: z.boolean(),
});

const taskSpecSchema = z.discriminatedUnion('kind', [
  probeTask,
  videoTask,
  audioTask,
  posterTask,
  storyboardTask,
]);
export type TaskSpec = z.infer<typeof taskSpecSchema>;

export const taskRequestSchema = z.object({
  version: z.literal(TASK_PROTOCOL_VERSION),
  jobId: z.string(),
  taskId: z.string(),
  epoch: z.int().positive(),
  source: z.object({ sizeBytes: z.int().positive() }),
  callback: z.object({ url: z.url(), token: z.string() }),
  limits: z.object({
    wallMs: z.int().positive(),
    outputBytes: z.int().positive(),
  }),
  task: taskSpecSchema,
});
export type TaskRequest = z.infer<typeof taskRequestSchema>;

const segmentReport = z.object({
  offset: z.int().min(0),
  length: z.int().positive(),
  /** Bytes of the `moof` at the start of the segment. */
  headerLength: z.int().positive(),
  part: z.int().min(0),
});
export type SegmentReport = z.infer<typeof segmentReport>;

/** One rendition of a task's output: its init segment, then one `moof`+`mdat` a segment, in order. */
const renditionReport = z.object({
  name: z.string(),
  init: z.object({ part: z.int().min(0), offset: z.int().min(0), length: z.int().positive() }),
  segments: z.array(segmentReport).min(1),
});
export type RenditionReport = z.infer<typeof renditionReport>;

const outputParts = z.array(
  z.object({ sizeBytes: z.int().positive(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
);

const taskResultSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('probe'),
    facts: sourceFactsSchema,
    engine: z.string(),
    /** What this engine encodes; H.264 alone when absent. */
    encoders: z.array(z.enum(VIDEO_CODECS)).readonly().exactOptional(),
  }),
  z.object({
    kind: z.literal('media'),
    parts: outputParts.min(1),
    renditions: z.array(renditionReport).min(1),
    engine: z.string(),
  }),
  z.object({ kind: z.literal('poster'), parts: outputParts.length(1), engine: z.string() }),
  z.object({ kind: z.literal('storyboard'), parts: outputParts.length(1), engine: z.string() }),
]);
export type TaskResult = z.infer<typeof taskResultSchema>;

/** Why a task failed. `source` reasons are final for the video; `encoder` reasons are tried again. */
const FAILURE_CODES = [
  'ERR_NON_VIDEO',
  'ERR_MALFORMED_VIDEO',
  'ERR_DURATION_EXCEED_CONSTRAINT',
  'ERR_DURATION_TOO_SHORT',
  'ERR_UNSUPPORTED',
  'ERR_UNKNOWN',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

const spanId = z.string().regex(/^(?!0{16})[0-9a-f]{16}$/);

/** A step of the encoder in the task's trace; times in ms since the epoch, by the encoder's clock. */
const encoderSpan = z.object({
  name: z.string().max(100),
  kind: z.enum(['server', 'client', 'internal']),
  spanId,
  parentSpanId: spanId,
  startMs: z.int().positive(),
  endMs: z.int().positive(),
  attributes: z.record(
    z.string().max(100),
    z.union([z.string().max(500), z.number(), z.boolean()]),
  ),
  error: z.string().max(100).exactOptional(),
});
export type EncoderSpan = z.infer<typeof encoderSpan>;

/** Spans that one task may have; the encoder leaves out what goes beyond. */
export const MAX_ENCODER_SPANS = 64;
const spans = z.array(encoderSpan).max(MAX_ENCODER_SPANS).readonly().exactOptional();

const taskFailureSchema = z.object({
  type: z.literal('failure'),
  code: z.enum(FAILURE_CODES),
  /** A sentence for the person who uploaded the file. */
  message: z.string(),
  /** Last lines of ffmpeg, without paths, for the job page. */
  detail: z.string(),
  retryable: z.boolean(),
  /** True when the encoder stops or has no slot: the attempt does not count. */
  handedBack: z.boolean().exactOptional(),
  /** True when the Worker did not take or give bytes: the attempt does not count. */
  unavailable: z.boolean().exactOptional(),
  /** True when a limit or a crash ended the attempt: the second time it counts as the file's fault. */
  limited: z.boolean().exactOptional(),
  spans,
});
export type TaskFailure = z.infer<typeof taskFailureSchema>;

export const taskLineSchema = z.discriminatedUnion('type', [
  /** Heartbeat. `frames` counts finished frames of the timeline (not per rendition). */
  z.object({
    type: z.literal('progress'),
    stage: z.enum(['fetch', 'run', 'store']),
    frames: z.int().min(0),
  }),
  z.object({ type: z.literal('result'), result: taskResultSchema, spans }),
  taskFailureSchema,
]);
export type TaskLine = z.infer<typeof taskLineSchema>;

export const encoderHealthSchema = z.object({
  status: z.literal('ok'),
  version: z.int(),
  /** Engine name with version: `ffmpeg 5.1.9 (native)`. Part of a job's fingerprint. */
  engine: z.string(),
  /** How far ffmpeg is shut in, and what would be better: `sandbox: bubblewrap`, `not sandboxed: install bubblewrap`. */
  sandbox: z.string().exactOptional(),
  slots: z.int().positive(),
  busy: z.int().min(0),
});
export type EncoderHealth = z.infer<typeof encoderHealthSchema>;
