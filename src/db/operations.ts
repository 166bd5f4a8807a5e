import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

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
