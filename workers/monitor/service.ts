import { asc, desc, gte, lt, sql } from 'drizzle-orm';

import type { CloudEvent } from '../../src/contracts/events.ts';
import type { MetricBatch, SeriesValues } from '../../src/contracts/metrics.ts';
import type { MonitorApi, ReadinessCheck } from '../../src/contracts/service-apis.ts';
import { countedEvents, healthSamples, metricPoints } from '../../src/db/operations.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { Alerts } from './alerts.ts';
import type { AlertRow } from './alerts.ts';
import { Counters } from './counters.ts';
import { toGauges } from './gauges.ts';
import { toPoint } from './metric-point.ts';
import type { TimedPoint } from './metric-point.ts';
import { readPlatform } from './platform-state.ts';
import type { PlatformState } from './platform-facts.ts';
import { checkReadiness } from './readiness.ts';
import { toStatusSeries } from './status-series.ts';
import type { StatusSeries } from './status-series.ts';

const KEEP_SAMPLES_MS = 24 * 3600 * 1000;
const KEEP_COUNTED_MS = 30 * KEEP_SAMPLES_MS;
const SAMPLES_SHOWN = 60;
const STEP_MS = 5 * 60_000;
const ALERTS_SHOWN = 10;
const MOST_FIRING = 100;

export interface Status extends PlatformState {
  readonly samples: readonly (typeof healthSamples.$inferSelect)[];
  readonly alerts: readonly AlertRow[];
  readonly series: StatusSeries;
}

/** Knows whether the platform works, now and in the last day. Everything is read from the stores, nothing from the isolate. */
export class MonitorService implements MonitorApi {
  readonly alerts: Alerts;
  private readonly context: ServiceContext;
  private readonly counters: Counters;

  constructor(context: ServiceContext) {
    this.context = context;
    this.counters = new Counters(context.env.METRICS);
    this.alerts = new Alerts(context);
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
    const [counters, state, firing] = await Promise.all([
      this.counters.read(),
      readPlatform(this.context, now),
      this.alerts.list({ state: 'firing', limit: MOST_FIRING }),
    ]);
    return { ...counters, ...toGauges(state, firing) };
  }

  /** Counts an event once, however often it is delivered. */
  async count(event: CloudEvent): Promise<void> {
    // The event's id names its video, of which nothing may stay.
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(event.id));
    const eventId = Buffer.from(digest).toString('base64url');
    const row = { eventId, type: event.type, at: Date.parse(event.time) };
    await this.context.db.insert(countedEvents).values(row).onConflictDoNothing();
  }

  /** Keeps one sample a minute, for a day, and judges the alerts by it. */
  async sample(now: number): Promise<boolean> {
    const state = await readPlatform(this.context, now);
    const { ready, checks } = state;
    const point = toPoint(await this.counters.read(), state);
    const failing = checks.filter(({ ok }) => !ok).map(({ name }) => name);
    const { db } = this.context;
    await db.batch([
      db.insert(healthSamples).values({ at: now, ready, failing }).onConflictDoNothing(),
      db.insert(metricPoints).values({ at: now, point }).onConflictDoNothing(),
      db.delete(metricPoints).where(lt(metricPoints.at, now - KEEP_SAMPLES_MS)),
      db.delete(healthSamples).where(lt(healthSamples.at, now - KEEP_SAMPLES_MS)),
      db.delete(countedEvents).where(lt(countedEvents.at, now - KEEP_COUNTED_MS)),
    ]);
    await this.alerts.evaluate(now);
    return false;
  }

  async status(): Promise<Status> {
    const { db } = this.context;
    const now = Date.now();
    const [state, samples, alerts, points] = await Promise.all([
      readPlatform(this.context, now),
      db.select().from(healthSamples).orderBy(desc(healthSamples.at)).limit(SAMPLES_SHOWN),
      this.alerts.list({ limit: ALERTS_SHOWN }),
      this.stepsOfLastDay(now),
    ]);
    return { ...state, samples, alerts, series: toStatusSeries(points) };
  }

  /** The last point of every five minutes. SQLite takes the other columns from the row that has the maximum. */
  private async stepsOfLastDay(now: number): Promise<TimedPoint[]> {
    return this.context.db
      .select({ at: sql<number>`max(${metricPoints.at})`, point: metricPoints.point })
      .from(metricPoints)
      .where(gte(metricPoints.at, now - KEEP_SAMPLES_MS))
      .groupBy(sql`${metricPoints.at} / ${sql.raw(String(STEP_MS))}`)
      .orderBy(asc(metricPoints.at));
  }
}
