import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Index of transcode jobs, written at state transitions; the truth of one job is its Durable Object. */
export const jobs = sqliteTable(
  'jobs',
  {
    id: text('id').primaryKey(),
    uid: text('uid').notNull(),
    accountId: text('account_id').notNull(),
    revision: text('revision').notNull(),
    state: text('state', {
      enum: ['queued', 'inprogress', 'ready', 'error', 'cancelled'],
    }).notNull(),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    endedAt: integer('ended_at'),
    reason: text('reason'),
  },
  (table) => [
    index('jobs_list').on(table.accountId, table.id),
    index('jobs_video').on(table.uid, table.id),
    index('jobs_state').on(table.state, table.updatedAt),
  ],
);
