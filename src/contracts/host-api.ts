import type { CloudEvent } from './events.ts';

/** One event for one subscriber. */
export interface EventMessage {
  readonly subscriber: string;
  readonly event: CloudEvent;
}

/** Health of one service, by its own account. */
export interface ServiceHealth {
  readonly version: string;
  readonly status: 'up' | 'degraded' | 'down';
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A background job as its owner describes it. */
interface JobSummary {
  readonly name: string;
  readonly everyMs: number;
}

/** What every service of the microservices answers beside its own API: the part of the platform that it hosts. */
export interface HostApi {
  serviceHealth(): Promise<ServiceHealth>;
  /** Runs the service's subscriber and confirms the event. Throws when the subscriber does. */
  deliverEvent(message: EventMessage): Promise<void>;
  listJobs(): Promise<readonly JobSummary[]>;
  /** Runs one of the service's jobs once. True when there is more to do soon. */
  runJob(name: string, now: number): Promise<boolean>;
}
