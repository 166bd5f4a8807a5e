import { desc, lt } from 'drizzle-orm';

import type { CloudEvent } from '../../src/contracts/events.ts';
import type { MetricBatch, SeriesValues } from '../../src/contracts/metrics.ts';
import type { MonitorApi, ReadinessCheck } from '../../src/contracts/service-apis.ts';
import { countedEvents, healthSamples } from '../../src/db/operations.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { Counters } from './counters.ts';
import { toGauges } from './gauges.ts';
import { readPlatform } from './platform-state.ts';
import type { PlatformState } from './platform-facts.ts';
import { checkReadiness } from './readiness.ts';

const KEEP_SAMPLES_MS = 24 * 3600 * 1000;
const KEEP_COUNTED_MS = 30 * KEEP_SAMPLES_MS;
const SAMPLES_SHOWN = 60;

export interface Status extends PlatformState {
  readonly samples: readonly (typeof healthSamples.$inferSelect)[];
}

/** Knows whether the platform works, now and in the last day. Everything is read from the stores, nothing from the isolate. */
export class MonitorService implements MonitorApi {
  private readonly context: ServiceContext;
  private readonly counters: Counters;

  constructor(context: ServiceContext) {
    this.context = context;
    this.counters = new Counters(context.env.METRICS);
  }

  async readiness(): Promise<{ ready: boolean; checks: readonly ReadinessCheck[] }> {
    const checks = await checkReadiness(this.context);
    return { ready: checks.every(({ ok }) => ok), checks };
  }

  async addMetrics(batch: MetricBatch): Promise<void> {
    await this.counters.add(batch);
  }

  /** Counters of the whole deployment, and gauges as they are now. */
  async metrics(now: number): Promise<SeriesValues> {
    const [counters, state] = await Promise.all([
      this.counters.read(),
      readPlatform(this.context, now),
    ]);
    return { ...counters, ...toGauges(state, []) };
  }

  /** Counts an event once, however often it is delivered. */
  async count(event: CloudEvent): Promise<void> {
    // The event's id names its video, of which nothing may stay.
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(event.id));
    const eventId = Buffer.from(digest).toString('base64url');
    const row = { eventId, type: event.type, at: Date.parse(event.time) };
    await this.context.db.insert(countedEvents).values(row).onConflictDoNothing();
  }

  /** Keeps one sample a minute, for a day. */
  async sample(now: number): Promise<boolean> {
    const { ready, checks } = await this.readiness();
    const failing = checks.filter(({ ok }) => !ok).map(({ name }) => name);
    const { db } = this.context;
    await db.batch([
      db.insert(healthSamples).values({ at: now, ready, failing }).onConflictDoNothing(),
      db.delete(healthSamples).where(lt(healthSamples.at, now - KEEP_SAMPLES_MS)),
      db.delete(countedEvents).where(lt(countedEvents.at, now - KEEP_COUNTED_MS)),
    ]);
    return false;
  }

  async status(): Promise<Status> {
    const { db } = this.context;
    const [state, samples] = await Promise.all([
      readPlatform(this.context, Date.now()),
      db.select().from(healthSamples).orderBy(desc(healthSamples.at)).limit(SAMPLES_SHOWN),
    ]);
    return { ...state, samples };
  }
}
