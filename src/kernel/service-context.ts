import type { OpenAPIHono } from '@hono/zod-openapi';
import type { DrizzleD1Database } from 'drizzle-orm/d1';
import type { Hono } from 'hono';

import type { AppEnv } from '../http/app-env.ts';
import type { Config } from './config.ts';
import type { EventBus } from './event-bus.ts';
import type { Kernel } from './kernel.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { Plugin } from './plugin.ts';
import type { ServiceDirectory } from './service-directory.ts';
import type { Tracer } from './tracer.ts';

/** Handles a batch; every message is acked or retried by itself, nothing is thrown. */
export type QueueConsumer = (batch: MessageBatch) => Promise<void>;

/** Work that the platform repeats: idempotent, bounded, never overlapping with itself. */
export interface BackgroundJob {
  readonly name: string;
  readonly everyMs: number;
  /** Answers true when there is more to do soon. */
  run(now: number): Promise<boolean>;
}

/** What the gateway says to playback beside the request. */
export interface PlaybackCall {
  /** As it was sent, without the query. */
  readonly path: string;
  readonly requestId: string;
  /** Carries the request id. */
  readonly logger: Logger;
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** Answers a request below a uid or playback token, with everything that an answer needs. Never rejects. */
export type PlaybackHandler = (request: Request, call: PlaybackCall) => Promise<Response>;

/** What plugins add to the Worker. */
interface Contributions {
  readonly routes: (OpenAPIHono<AppEnv> | Hono<AppEnv>)[];
  readonly queues: Map<string, QueueConsumer>;
  readonly jobs: BackgroundJob[];
  /** Set by the one plugin that plays. */
  playback?: PlaybackHandler;
}

/** What a plugin gets from the Worker host. Wiring only: nothing here belongs to one request. */
export interface ServiceContext {
  readonly env: Env;
  readonly config: Config;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly db: DrizzleD1Database;
  readonly services: ServiceDirectory;
  readonly events: EventBus;
  readonly metrics: Metrics;
  readonly contributions: Contributions;
  readonly kernel: Kernel<ServiceContext>;
}

export type ServicePlugin = Plugin<ServiceContext>;
