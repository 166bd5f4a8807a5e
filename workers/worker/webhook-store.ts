import { and, asc, eq, sql } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';

import { webhookDeliveries, webhooks } from '../../src/db/worker.ts';

export type WebhookRow = typeof webhooks.$inferSelect;
export type WebhookChange = Partial<Omit<WebhookRow, 'id' | 'accountId' | 'kind' | 'createdAt'>>;

export const MOST_WEBHOOKS = 50;

/** The account's webhooks, oldest first. */
export async function listWebhooks(
  db: DrizzleD1Database,
  accountId: string,
): Promise<readonly WebhookRow[]> {
  return db
    .select()
    .from(webhooks)
    .where(eq(webhooks.accountId, accountId))
    .orderBy(asc(webhooks.createdAt), asc(webhooks.id));
}

/** Webhooks that named an alert of the platform: operators'. */
export async function listOperatorWebhooks(db: DrizzleD1Database): Promise<readonly WebhookRow[]> {
  return db
    .select()
    .from(webhooks)
    .where(and(eq(webhooks.enabled, true), sql`${webhooks.events} LIKE '%"alert.%'`));
}

export async function findWebhook(
  db: DrizzleD1Database,
  id: string,
): Promise<WebhookRow | undefined> {
  const [row] = await db.select().from(webhooks).where(eq(webhooks.id, id));
  return row;
}

/** Adds a webhook unless it is there already or the account has as many as it may. Answers the stored row, if any. */
export async function insertWebhook(
  db: DrizzleD1Database,
  row: WebhookRow,
): Promise<WebhookRow | undefined> {
  const { id, accountId } = row;
  const full = sql`(SELECT count(*) FROM webhooks WHERE account_id = ${accountId}) >= ${MOST_WEBHOOKS}`;
  await db.run(sql`
    INSERT INTO webhooks
      (id, account_id, kind, url, events, sealed_secret, enabled, wish_digest, created_at, modified_at)
    SELECT ${id}, ${accountId}, ${row.kind}, ${row.url}, ${JSON.stringify(row.events)},
      ${row.sealedSecret}, ${row.enabled ? 1 : 0}, ${row.wishDigest}, ${row.createdAt}, ${row.modifiedAt}
    WHERE NOT ${full}
    ON CONFLICT DO NOTHING`);
  return findWebhook(db, id);
}

/** Changes a webhook of the account; answers the row as it is then. */
export async function updateWebhook(
  db: DrizzleD1Database,
  { id, accountId }: Pick<WebhookRow, 'id' | 'accountId'>,
  change: WebhookChange,
): Promise<WebhookRow | undefined> {
  const [row] = await db
    .update(webhooks)
    .set(change)
    .where(and(eq(webhooks.id, id), eq(webhooks.accountId, accountId)))
    .returning();
  return row;
}

/** Removes a webhook with its deliveries. False when the account has none such. */
export async function deleteWebhook(
  db: DrizzleD1Database,
  { id, accountId }: Pick<WebhookRow, 'id' | 'accountId'>,
): Promise<boolean> {
  const [removed] = await db.batch([
    db
      .delete(webhooks)
      .where(and(eq(webhooks.id, id), eq(webhooks.accountId, accountId)))
      .returning({ id: webhooks.id }),
    db
      .delete(webhookDeliveries)
      .where(
        and(
          eq(webhookDeliveries.webhookId, id),
          sql`NOT EXISTS (SELECT 1 FROM webhooks WHERE id = ${id})`,
        ),
      ),
  ]);
  return removed.length > 0;
}
