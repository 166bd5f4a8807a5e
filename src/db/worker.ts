import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

import type { WebhookEventType } from '../contracts/webhook-events.ts';

/** Addresses that an account wants to be told at. */
export const webhooks = sqliteTable(
  'webhooks',
  {
    id: text('id').primaryKey(),
    accountId: text('account_id').notNull(),
    /** `stream`: the account's one webhook of the Stream API. */
    kind: text('kind', { enum: ['endpoint', 'stream'] }).notNull(),
    url: text('url').notNull(),
    events: text('events', { mode: 'json' }).$type<readonly (WebhookEventType | '*')[]>().notNull(),
    /** AES-GCM under KEY_ENCRYPTION_SECRET, base64url. */
    sealedSecret: text('sealed_secret').notNull(),
    /** The secret before the last rotation, which signs too until `former_until`. */
    formerSealedSecret: text('former_sealed_secret'),
    formerUntil: integer('former_until'),
    enabled: integer('enabled', { mode: 'boolean' }).notNull(),
    disabledReason: text('disabled_reason'),
    /** Attempts that failed since the last success. */
    failures: integer('failures').notNull().default(0),
    failingSince: integer('failing_since'),
    /** Nothing is sent before this time: the receiver is failing. */
    notBefore: integer('not_before').notNull().default(0),
    /** Digest of what was asked for with an idempotency key. */
    wishDigest: text('wish_digest'),
    createdAt: integer('created_at').notNull(),
    modifiedAt: integer('modified_at').notNull(),
  },
  (table) => [index('webhooks_account').on(table.accountId, table.createdAt)],
);

/** One attempt to deliver; times in ms. */
export interface DeliveryAttempt {
  readonly at: number;
  readonly latencyMs: number;
  /** HTTP status; absent when nothing answered. */
  readonly status?: number;
  readonly error?: string;
  /** The beginning of the answer. */
  readonly excerpt?: string;
}

/** One event for one webhook, with the attempts made: the record of what is still to be sent, and its log. */
export const webhookDeliveries = sqliteTable(
  'webhook_deliveries',
  {
    /** Follows from webhook and event, so that an event delivered twice to us is sent once. */
    id: text('id').primaryKey(),
    webhookId: text('webhook_id').notNull(),
    eventId: text('event_id').notNull(),
    eventType: text('event_type').$type<WebhookEventType>().notNull(),
    body: text('body').notNull(),
    state: text('state', { enum: ['pending', 'delivered', 'failed'] }).notNull(),
    createdAt: integer('created_at').notNull(),
    /** When the attempts began, or were asked for again. */
    since: integer('since').notNull(),
    /** Not to be tried (again) before this time; moved ahead while an attempt is under way. */
    dueAt: integer('due_at').notNull(),
    /** Counts attempts since `since`; a result of another attempt changes nothing. */
    attempts: integer('attempts').notNull().default(0),
    endedAt: integer('ended_at'),
    log: text('log', { mode: 'json' }).$type<readonly DeliveryAttempt[]>().notNull(),
  },
  (table) => [
    index('webhook_deliveries_log').on(table.webhookId, table.createdAt),
    index('webhook_deliveries_due').on(table.state, table.dueAt),
    index('webhook_deliveries_next').on(table.webhookId, table.state, table.dueAt),
    index('webhook_deliveries_age').on(table.createdAt),
  ],
);

/** Queue messages that nobody could handle and that no other table names. Dead events stand in the outbox. */
export const deadLetters = sqliteTable(
  'dead_letters',
  {
    id: text('id').primaryKey(),
    queue: text('queue', { enum: ['events', 'transcode'] }).notNull(),
    type: text('type').notNull(),
    subject: text('subject').notNull(),
    /** The message as JSON, shortened. */
    body: text('body').notNull(),
    attempts: integer('attempts').notNull(),
    reason: text('reason').notNull(),
    diedAt: integer('died_at').notNull(),
  },
  (table) => [index('dead_letters_list').on(table.diedAt)],
);
