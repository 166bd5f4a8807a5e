import { sql } from 'drizzle-orm';
import { index, integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';

export const videos = sqliteTable(
  'videos',
  {
    uid: text('uid').primaryKey(),
    accountId: text('account_id').notNull(),
    state: text('state', {
      enum: ['pendingupload', 'queued', 'inprogress', 'ready', 'error'],
    }).notNull(),
    /** The current run; `published_revision` is the one that plays. */
    revision: text('revision'),
    publishedRevision: text('published_revision'),
    /** The run that played before; its objects go some hours after `ready_at`. */
    previousRevision: text('previous_revision'),
    name: text('name').notNull(),
    meta: text('meta', { mode: 'json' }).$type<Record<string, unknown>>().notNull(),
    creator: text('creator'),
    sizeBytes: integer('size_bytes').notNull().default(0),
    durationSeconds: real('duration_seconds'),
    width: integer('width'),
    height: integer('height'),
    requireSignedUrls: integer('require_signed_urls', { mode: 'boolean' }).notNull().default(false),
    allowedOrigins: text('allowed_origins', { mode: 'json' })
      .$type<readonly string[]>()
      .notNull()
      .default(sql`'[]'`),
    thumbnailTimestampPct: real('thumbnail_timestamp_pct').notNull().default(0),
    maxDurationSeconds: real('max_duration_seconds'),
    /** Name of the encoding profile; null for the account's default. */
    profile: text('profile'),
    publicDetails: text('public_details', { mode: 'json' }).$type<Record<string, unknown>>(),
    scheduledDeletion: integer('scheduled_deletion'),
    errorReasonCode: text('error_reason_code').notNull().default(''),
    errorReasonText: text('error_reason_text').notNull().default(''),
    createdAt: integer('created_at').notNull(),
    modifiedAt: integer('modified_at').notNull(),
    uploadedAt: integer('uploaded_at'),
    uploadExpiresAt: integer('upload_expires_at'),
    readyAt: integer('ready_at'),
    /** Set by delete: gone for its owner, waiting for the purge. */
    deletedAt: integer('deleted_at'),
    /** Counts changes of what playback must know. */
    playbackVersion: integer('playback_version').notNull().default(0),
  },
  (table) => [
    index('videos_list').on(table.accountId, table.createdAt),
    index('videos_state').on(table.accountId, table.state, table.createdAt),
    index('videos_creator').on(table.accountId, table.creator, table.createdAt),
    index('videos_deleted').on(table.deletedAt),
    index('videos_scheduled').on(table.scheduledDeletion),
    index('videos_previous').on(table.previousRevision, table.readyAt),
  ],
);

/** What is left of a deleted video for 30 days, so that nothing late brings the uid back. */
export const tombstones = sqliteTable('tombstones', {
  uid: text('uid').primaryKey(),
  accountId: text('account_id').notNull(),
  deletedAt: integer('deleted_at').notNull(),
});
