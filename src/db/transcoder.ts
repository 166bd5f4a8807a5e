import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';

import type { EncodeSettings } from '../contracts/profile.ts';

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

/** Encoding profiles that an account made. */
export const profiles = sqliteTable(
  'profiles',
  {
    accountId: text('account_id').notNull(),
    name: text('name').notNull(),
    settings: text('settings', { mode: 'json' }).$type<EncodeSettings>().notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.accountId, table.name] })],
);

/** The profile of an account's videos that name none; without a row it is the standard one. */
export const defaultProfiles = sqliteTable('default_profiles', {
  accountId: text('account_id').primaryKey(),
  name: text('name').notNull(),
});
