import { z } from 'zod';

const uid = z.string().regex(/^[0-9a-f]{32}$/);
const run = z.object({ uid, accountId: z.string(), revision: z.string() });

const alert = z.object({
  alertId: z.string(),
  rule: z.string(),
  severity: z.enum(['warning', 'critical']),
  summary: z.string(),
  /** What was measured, and the limit that it passed, in the unit of the rule. */
  value: z.number(),
  threshold: z.number(),
  startedAt: z.iso.datetime(),
});

/** Payload of every event type. Progress is not an event. */
export const EVENT_PAYLOADS = {
  /** A source is complete in R2 and its run may begin (also a run asked for again). */
  'video.uploaded': run.extend({ sizeBytes: z.int().positive() }),
  /** A run was published. */
  'video.ready': run,
  /** A run ended in an error that a person must read. */
  'video.failed': run.extend({ reasonCode: z.string(), reasonText: z.string() }),
  /** The video is gone for its owner; its objects and rows are to be removed. */
  'video.deleted': z.object({ uid, accountId: z.string() }),
  /** What playback must know has changed. */
  'video.updated': z.object({ uid, accountId: z.string() }),
  /** For operators: something is wrong with the platform and has been for a while. */
  'alert.triggered': alert,
  /** It is well again. */
  'alert.resolved': alert.extend({ resolvedAt: z.iso.datetime() }),
} as const;

export type EventType = keyof typeof EVENT_PAYLOADS;
export type EventData<T extends EventType> = z.infer<(typeof EVENT_PAYLOADS)[T]>;

/** Who receives what. Names are `service.purpose`; every subscriber gets each event at least once and retries by itself. */
export const SUBSCRIBERS = {
  'video.uploaded': ['transcoder.start-job', 'worker.webhooks'],
  'video.ready': [
    'metadata.publish-playback',
    'metadata.remove-old-runs',
    'monitor.count',
    'worker.webhooks',
  ],
  'video.failed': ['metadata.publish-playback', 'monitor.count', 'worker.webhooks'],
  /** One subscriber removes everything: job and upload must have ended before their objects go. */
  'video.deleted': ['metadata.purge', 'worker.webhooks'],
  'video.updated': ['metadata.publish-playback', 'worker.webhooks'],
  'alert.triggered': ['worker.webhooks'],
  'alert.resolved': ['worker.webhooks'],
} as const satisfies Record<EventType, readonly string[]>;

export type Subscriber<T extends EventType = EventType> = (typeof SUBSCRIBERS)[T][number];

/** CloudEvents 1.0 envelope, structured JSON mode. */
export interface CloudEvent<T extends EventType = EventType> {
  readonly specversion: '1.0';
  /** Follows from type, uid and run, so that publishing twice makes one event. */
  readonly id: string;
  readonly source: string;
  readonly type: T;
  /** RFC 3339. */
  readonly time: string;
  /** The video's uid, or the alert's id. */
  readonly subject: string;
  readonly datacontenttype: 'application/json';
  /** CloudEvents' extension for distributed tracing: the work that published the event. */
  readonly traceparent?: string;
  readonly data: EventData<T>;
}

const cloudEventSchema = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string(),
  type: z.enum(Object.keys(EVENT_PAYLOADS) as [EventType, ...EventType[]]),
  time: z.string(),
  subject: z.string(),
  datacontenttype: z.literal('application/json'),
  traceparent: z.string().exactOptional(),
  data: z.unknown(),
});

/** A message of the events queue: one event for one subscriber. */
export const eventMessageSchema = z.object({ subscriber: z.string(), event: cloudEventSchema });

/** A message of the transcode queue: a permit, "job J has work". */
export const permitSchema = z.object({ version: z.literal(1), jobId: z.string() });
