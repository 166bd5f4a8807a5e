import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/** Index of upload sessions; the truth of one upload is its Durable Object. */
export const uploads = sqliteTable(
  'uploads',
  {
    id: text('id').primaryKey(),
    uid: text('uid').notNull().unique(),
    accountId: text('account_id').notNull(),
    state: text('state', { enum: ['open', 'completed', 'aborted', 'expired'] }).notNull(),
    createdAt: integer('created_at').notNull(),
    expiresAt: integer('expires_at').notNull(),
  },
  (table) => [index('uploads_expiry').on(table.state, table.expiresAt)],
);
