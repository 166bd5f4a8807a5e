import { and, asc, desc, eq, gt, gte, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';

import type { AlertState } from '../../src/contracts/alerts.ts';
import { AppError } from '../../src/contracts/errors.ts';
import type { CloudEvent } from '../../src/contracts/events.ts';
import { createId } from '../../src/contracts/ids.ts';
import { alerts, alertSilences, alertStates, metricPoints } from '../../src/db/operations.ts';
import { createEvent } from '../../src/kernel/event-bus.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { alertRules, WINDOWS_MS } from './alert-rules.ts';
import type { AlertRule, Lookback } from './alert-rules.ts';
import { QUIET, stepAlert } from './alert-state.ts';
import type { TimedPoint } from './metric-point.ts';

/** How long an alert can still be looked at. */
const KEEP_ENDED_MS = 90 * 24 * 3600 * 1000;
const ANNOUNCED_AT_ONCE = 20;

export type AlertRow = typeof alerts.$inferSelect;
export type SilenceRow = typeof alertSilences.$inferSelect;

/** Alerts: judged once a minute, kept, announced as events unless silenced. */
export class Alerts {
  readonly rules: readonly AlertRule[];
  private readonly context: ServiceContext;

  constructor(context: ServiceContext) {
    this.context = context;
    this.rules = alertRules(context.config);
  }

  /** Judges every rule by the newest point. The states, the alerts and their events are written together; a repeat changes nothing. */
  async evaluate(now: number): Promise<void> {
    const look = await this.lookBack(now);
    if (look !== undefined) await this.judge(look, now);
    await this.announce(now);
    await this.context.db
      .delete(alerts)
      .where(and(isNotNull(alerts.resolvedAt), lt(alerts.startedAt, now - KEEP_ENDED_MS)));
  }

  /** Newest first; those that fire, those that ended, or all. */
  async list(filter: {
    readonly state?: 'firing' | 'resolved';
    readonly before?: string;
    readonly limit: number;
  }): Promise<AlertRow[]> {
    const ended = { firing: isNull(alerts.resolvedAt), resolved: isNotNull(alerts.resolvedAt) };
    const wanted = filter.state === undefined ? undefined : ended[filter.state];
    const older = filter.before === undefined ? undefined : lt(alerts.id, filter.before);
    return this.context.db
      .select()
      .from(alerts)
      .where(and(wanted, older))
      .orderBy(desc(alerts.id))
      .limit(filter.limit);
  }

  /** Throws `alert.not_found`. */
  async get(id: string): Promise<AlertRow> {
    const [row] = await this.context.db.select().from(alerts).where(eq(alerts.id, id));
    if (row === undefined) throw new AppError('alert.not_found', `There is no alert "${id}".`);
    return row;
  }

  /** Notes who looks after an alert; the first one stays. */
  async acknowledge(id: string, by: string, note: string | undefined): Promise<AlertRow> {
    await this.context.db
      .update(alerts)
      .set({ acknowledgedAt: Date.now(), acknowledgedBy: by, ...(note !== undefined && { note }) })
      .where(and(eq(alerts.id, id), isNull(alerts.acknowledgedAt)));
    return this.get(id);
  }

  async states(): Promise<Readonly<Record<string, AlertState>>> {
    const rows = await this.context.db.select().from(alertStates);
    return Object.fromEntries(rows.map(({ rule, state }) => [rule, state]));
  }

  async silences(now: number): Promise<SilenceRow[]> {
    return this.context.db.select().from(alertSilences).where(gt(alertSilences.until, now));
  }

  /** Replaces a silence of the same rule. */
  async silence(silence: SilenceRow): Promise<void> {
    const { rule: _, ...rest } = silence;
    await this.context.db
      .insert(alertSilences)
      .values(silence)
      .onConflictDoUpdate({ target: alertSilences.rule, set: rest });
  }

  async unsilence(rule: string): Promise<void> {
    await this.context.db.delete(alertSilences).where(eq(alertSilences.rule, rule));
  }

  private async lookBack(now: number): Promise<Lookback | undefined> {
    const { db } = this.context;
    const firstSince = (ms: number): Promise<TimedPoint[]> =>
      db
        .select()
        .from(metricPoints)
        .where(gte(metricPoints.at, now - ms))
        .orderBy(asc(metricPoints.at))
        .limit(1);
    const [[latest], [five], [thirty], [hour], [six]] = await Promise.all([
      db.select().from(metricPoints).orderBy(desc(metricPoints.at)).limit(1),
      firstSince(WINDOWS_MS['5m']),
      firstSince(WINDOWS_MS['30m']),
      firstSince(WINDOWS_MS['1h']),
      firstSince(WINDOWS_MS['6h']),
    ]);
    if (!latest || !five || !thirty || !hour || !six) return undefined;
    return { latest, first: { '5m': five, '30m': thirty, '1h': hour, '6h': six } };
  }

  private async judge(look: Lookback, now: number): Promise<void> {
    const states = await this.states();
    const writes = this.rules.flatMap((rule) => {
      const value = rule.measure(look);
      const before = states[rule.name] ?? QUIET;
      const step = stepAlert(before, value, rule, { now, newId: createId('alr', now) });
      if (step.state === before || value === undefined) return [];
      return this.writesOf(rule, { before, after: step.state, value, now });
    });
    const [first, ...rest] = writes;
    if (first !== undefined) await this.context.db.batch([first, ...rest]);
  }

  private writesOf(
    rule: AlertRule,
    step: {
      readonly before: AlertState;
      readonly after: AlertState;
      readonly value: number;
      readonly now: number;
    },
  ): BatchItem<'sqlite'>[] {
    const { db } = this.context;
    const { before, after, value, now } = step;
    const row = { state: after, updatedAt: now };
    const keep = db
      .insert(alertStates)
      .values({ rule: rule.name, ...row })
      .onConflictDoUpdate({ target: alertStates.rule, set: row });
    if (before.phase !== 'firing' && after.phase !== 'firing') return [keep];
    if (after.phase !== 'firing') {
      const id = before.phase === 'firing' ? before.alertId : '';
      return [keep, db.update(alerts).set({ resolvedAt: now }).where(eq(alerts.id, id))];
    }
    if (before.phase === 'firing')
      return [
        keep,
        db.update(alerts).set({ peak: after.peak }).where(eq(alerts.id, after.alertId)),
      ];
    const { name, severity, summary, threshold } = rule;
    const alert = { id: after.alertId, rule: name, severity, summary, threshold };
    return [keep, db.insert(alerts).values({ ...alert, value, peak: value, startedAt: now })];
  }

  /** Publishes what nobody was told yet. An alert that ends while its rule is silenced is never heard of. */
  private async announce(now: number): Promise<void> {
    const { db } = this.context;
    const silenced = new Set((await this.silences(now)).map(({ rule }) => rule));
    const begun = await db
      .select()
      .from(alerts)
      .where(and(isNull(alerts.resolvedAt), isNull(alerts.announcedAt)))
      .limit(ANNOUNCED_AT_ONCE);
    const ended = await db
      .select()
      .from(alerts)
      .where(
        and(
          isNotNull(alerts.resolvedAt),
          isNotNull(alerts.announcedAt),
          isNull(alerts.endAnnouncedAt),
        ),
      )
      .limit(ANNOUNCED_AT_ONCE);
    for (const row of begun.filter(({ rule }) => !silenced.has(rule)))
      await this.publish(row, beginningOf(row, now), { announcedAt: now });
    for (const row of ended) await this.publish(row, endOf(row, now), { endAnnouncedAt: now });
  }

  private async publish(
    { id }: AlertRow,
    event: CloudEvent,
    mark: { readonly announcedAt: number } | { readonly endAnnouncedAt: number },
  ): Promise<void> {
    const { db, events, logger } = this.context;
    await db.batch([
      db.update(alerts).set(mark).where(eq(alerts.id, id)),
      ...events.record(event, sql`TRUE`),
    ]);
    logger.warn(event.type, { alert: event.data });
    await events.send(event.id);
  }
}

function beginningOf(row: AlertRow, now: number): CloudEvent<'alert.triggered'> {
  return createEvent('alert.triggered', dataOf(row), { source: 'monitor', run: 'begin', now });
}

function endOf(row: AlertRow, now: number): CloudEvent<'alert.resolved'> {
  const resolvedAt = new Date(row.resolvedAt ?? now).toISOString();
  const data = { ...dataOf(row), resolvedAt };
  return createEvent('alert.resolved', data, { source: 'monitor', run: 'end', now });
}

function dataOf({ id, rule, severity, summary, value, threshold, startedAt }: AlertRow): {
  alertId: string;
  rule: string;
  severity: AlertRow['severity'];
  summary: string;
  value: number;
  threshold: number;
  startedAt: string;
} {
  const alert = { alertId: id, rule, severity, summary, value, threshold };
  return { ...alert, startedAt: new Date(startedAt).toISOString() };
}
