import { index, integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';

import type { AlertState, MetricPoint } from '../contracts/alerts.ts';

/** Owner: monitor. Readiness once a minute, kept for a day. */
export const healthSamples = sqliteTable('health_samples', {
  at: integer('at').primaryKey(),
  ready: integer('ready', { mode: 'boolean' }).notNull(),
  failing: text('failing', { mode: 'json' }).$type<readonly string[]>().notNull(),
});

/** Owner: monitor. Counters that outlive isolates; one row per counted event, so that a repeat counts once. */
export const countedEvents = sqliteTable(
  'counted_events',
  {
    eventId: text('event_id').primaryKey(),
    type: text('type').notNull(),
    at: integer('at').notNull(),
  },
  (table) => [index('counted_events_type').on(table.type, table.at)],
);

/** Owner: monitor. One point a minute for charts and alerts, kept for a day. */
export const metricPoints = sqliteTable('metric_points', {
  at: integer('at').primaryKey(),
  point: text('point', { mode: 'json' }).$type<MetricPoint>().notNull(),
});

/** Owner: monitor. Where each alert rule stands. */
export const alertStates = sqliteTable('alert_states', {
  rule: text('rule').primaryKey(),
  state: text('state', { mode: 'json' }).$type<AlertState>().notNull(),
  updatedAt: integer('updated_at').notNull(),
});

/** Owner: monitor. Alerts that fire or fired. */
export const alerts = sqliteTable(
  'alerts',
  {
    id: text('id').primaryKey(),
    rule: text('rule').notNull(),
    severity: text('severity', { enum: ['warning', 'critical'] }).notNull(),
    summary: text('summary').notNull(),
    /** Measured when it began; `peak` is the worst since. */
    value: real('value').notNull(),
    peak: real('peak').notNull(),
    threshold: real('threshold').notNull(),
    startedAt: integer('started_at').notNull(),
    resolvedAt: integer('resolved_at'),
    acknowledgedAt: integer('acknowledged_at'),
    acknowledgedBy: text('acknowledged_by'),
    note: text('note'),
    /** When its events were published; absent while it is silenced. */
    announcedAt: integer('announced_at'),
    endAnnouncedAt: integer('end_announced_at'),
  },
  (table) => [
    index('alerts_open').on(table.resolvedAt, table.startedAt),
    index('alerts_time').on(table.startedAt),
  ],
);

/** Owner: monitor. Rules that are not to be announced for a while. */
export const alertSilences = sqliteTable('alert_silences', {
  rule: text('rule').primaryKey(),
  until: integer('until').notNull(),
  reason: text('reason').notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: integer('created_at').notNull(),
});
