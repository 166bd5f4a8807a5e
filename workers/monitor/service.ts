import { count, desc, isNotNull, isNull, lt } from 'drizzle-orm';

import type { CloudEvent } from '../../src/contracts/events.ts';
import type { MonitorApi, ReadinessCheck } from '../../src/contracts/service-apis.ts';
import { countedEvents, healthSamples } from '../../src/db/operations.ts';
import { outbox } from '../../src/db/outbox.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { checkReadiness } from './readiness.ts';

const KEEP_SAMPLES_MS = 24 * 3600 * 1000;
const KEEP_COUNTED_MS = 30 * KEEP_SAMPLES_MS;
const SAMPLES_SHOWN = 60;

export interface Status {
  readonly ready: boolean;
  readonly checks: readonly ReadinessCheck[];
  /** Events of the last 30 days by type. */
  readonly events: Readonly<Record<string, number>>;
  readonly outbox: { readonly waiting: number; readonly dead: number };
  readonly samples: readonly (typeof healthSamples.$inferSelect)[];
}

/** Knows whether the platform works, now and in the last day. Everything is read from the stores, nothing from the isolate. */
export class MonitorService implements MonitorApi {
  private readonly context: ServiceContext;

  constructor(context: ServiceContext) {
    this.context = context;
  }

  async readiness(): Promise<{ ready: boolean; checks: readonly ReadinessCheck[] }> {
    const checks = await checkReadiness(this.context);
    return { ready: checks.every(({ ok }) => ok), checks };
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
    const [readiness, events, waiting, dead, samples] = await Promise.all([
      this.readiness(),
      db
        .select({ type: countedEvents.type, total: count() })
        .from(countedEvents)
        .groupBy(countedEvents.type),
      db.$count(outbox, isNull(outbox.deadAt)),
      db.$count(outbox, isNotNull(outbox.deadAt)),
      db.select().from(healthSamples).orderBy(desc(healthSamples.at)).limit(SAMPLES_SHOWN),
    ]);
    return {
      ...readiness,
      events: Object.fromEntries(events.map(({ type, total }) => [type, total])),
      outbox: { waiting, dead },
      samples,
    };
  }
}
