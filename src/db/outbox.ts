import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

import type { CloudEvent } from '../contracts/events.ts';

/** Owner: the kernel. One row per event and subscriber, there until the subscriber has handled it. */
export const outbox = sqliteTable(
  'outbox',
  {
    eventId: text('event_id').notNull(),
    subscriber: text('subscriber').notNull(),
    event: text('event', { mode: 'json' }).$type<CloudEvent>().notNull(),
    createdAt: integer('created_at').notNull(),
    /** Not to be sent (again) before this time, ms. */
    dueAt: integer('due_at').notNull(),
    attempts: integer('attempts').notNull().default(0),
    /** Set when no more attempts are made: a dead letter. */
    deadAt: integer('dead_at'),
    lastError: text('last_error'),
  },
  (table) => [
    primaryKey({ columns: [table.eventId, table.subscriber] }),
    index('outbox_due').on(table.deadAt, table.dueAt),
  ],
);
