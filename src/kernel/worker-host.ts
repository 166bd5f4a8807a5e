import { env, waitUntil } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/d1';

import { parseConfig } from './config.ts';
import type { Config } from './config.ts';
import { EventBus } from './event-bus.ts';
import { Kernel } from './kernel.ts';
import { createLogger } from './logger.ts';
import { Metrics } from './metrics.ts';
import type { Logger } from './logger.ts';
import { OtlpExporter } from './otlp-exporter.ts';
import type { ServiceContext, ServicePlugin } from './service-context.ts';
import { ServiceDirectory } from './service-directory.ts';
import type { RemoteServices } from './service-directory.ts';
import { Tracer } from './tracer.ts';

/** What a Worker's entry says of it. */
interface Host {
  /** The plugins that this Worker runs. */
  choose(config: Config): readonly ServicePlugin[];
  /** The services of other Workers; the monolith has none. */
  connect?(env: Env, logger: Logger): RemoteServices;
}

let host: Host | undefined;
let booted: Promise<ServiceContext> | undefined;

/** Called once by a Worker's entry. Nothing starts before the first request. */
export function hostPlugins(given: Host): void {
  host = given;
}

/**
 * The wiring of this isolate, started on first use. Durable Objects of the same Worker share it.
 * Throws an error that names the variable when the configuration is not usable.
 */
export function serviceContext(): Promise<ServiceContext> {
  booted ??= boot();
  return booted;
}

async function boot(): Promise<ServiceContext> {
  if (host === undefined) throw new Error('this Worker has not said which plugins it runs');
  const config = parseConfig(env);
  const logger = createLogger(config.LOG_LEVEL, { service: config.APP_SERVICE_NAME });
  // A Worker without a database binding (gateway, streaming, cache) has nothing that would use it.
  const db = drizzle(env.DB);
  const remotes = host.connect?.(env, logger) ?? new Map();
  const kernel = new Kernel<ServiceContext>();
  const services = new ServiceDirectory(remotes);
  const context: ServiceContext = {
    env,
    config,
    logger,
    tracer: createTracer(config, logger),
    db,
    services,
    events: new EventBus({ db, queue: env.EVENTS_QUEUE, logger, remotes }),
    metrics: new Metrics({
      waitUntil,
      // Without a monitor nobody asks for the counts.
      send: async (batch) => services.find('monitor')?.addMetrics(batch),
      logger,
    }),
    contributions: { routes: [], queues: new Map(), jobs: [] },
    kernel,
  };
  for (const plugin of host.choose(config)) kernel.register(plugin);
  await kernel.boot(context);
  return context;
}

function createTracer(config: Config, logger: Logger): Tracer {
  const { OTLP_ENDPOINT: endpoint, OTLP_HEADERS: headers } = config;
  return new Tracer({
    ...(endpoint !== '' && { exporter: new OtlpExporter({ endpoint, headers, logger }) }),
    resource: {
      'service.name': config.APP_SERVICE_NAME,
      'service.namespace': 'streamgate',
      'deployment.environment.name': config.APP_ENVIRONMENT,
      'cloud.provider': 'cloudflare',
    },
    sampleRatio: config.OTLP_SAMPLE_RATIO,
    waitUntil,
  });
}
