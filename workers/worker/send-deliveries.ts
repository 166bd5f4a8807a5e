import { eq, sql } from 'drizzle-orm';

import { webhooks } from '../../src/db/worker.ts';
import type { DeliveryAttempt } from '../../src/db/worker.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { announceNotice } from './announce.ts';
import { isHopeless, nextAttemptAt, pauseAfter } from './delivery-schedule.ts';
import { claimDue, nextDueAt, recordAttempt } from './delivery-store.ts';
import type { DeliveryRow } from './delivery-store.ts';
import { postWebhook } from './post-webhook.ts';
import type { PostResult } from './post-webhook.ts';
import { openSigningSecrets } from './webhook-secrets.ts';
import { findWebhook, updateWebhook } from './webhook-store.ts';
import type { WebhookRow } from './webhook-store.ts';

const AT_ONCE = 4;
const MOST_ROUNDS = 10;
const LOG_LENGTH = 30;

/** Sends what is due to one webhook; answers when to look again, ms. A receiver that fails is tried with one delivery at a time. */
export async function sendDue(
  context: ServiceContext,
  webhookId: string,
): Promise<number | undefined> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const now = Date.now();
    const webhook = await findWebhook(context.db, webhookId);
    if (webhook === undefined || !webhook.enabled) return undefined;
    if (webhook.notBefore > now) return later(context, webhook);
    const limit = webhook.failures > 0 ? 1 : AT_ONCE;
    const claimed = await claimDue(context.db, webhookId, { now, limit });
    if (claimed.length === 0) return later(context, webhook);
    await sendAll(context, webhook, claimed);
  }
  return Date.now();
}

async function later(context: ServiceContext, webhook: WebhookRow): Promise<number | undefined> {
  const due = await nextDueAt(context.db, webhook.id);
  return due === undefined ? undefined : Math.max(due, webhook.notBefore);
}

async function sendAll(
  context: ServiceContext,
  webhook: WebhookRow,
  claimed: readonly DeliveryRow[],
): Promise<void> {
  const { config } = context;
  const secrets = await openSigningSecrets(config.KEY_ENCRYPTION_SECRET, webhook, Date.now());
  const results = await Promise.all(
    claimed.map(async (delivery) => {
      const { id: deliveryId, eventId, eventType, body } = delivery;
      const message = { url: webhook.url, secrets, body, deliveryId, eventId, eventType };
      const result = await postWebhook(message, config.WEBHOOK_ALLOWED_HOSTS);
      await recordResult(context, delivery, result);
      return result.ok;
    }),
  );
  if (results.includes(true)) await noteSuccess(context, webhook);
  else await noteFailure(context, webhook);
}

async function recordResult(
  context: ServiceContext,
  delivery: DeliveryRow,
  { ok, retryAfterSeconds, ...attempt }: PostResult,
): Promise<void> {
  const { db, logger } = context;
  const { id: deliveryId, webhookId, eventId, attempts, since } = delivery;
  const fields = { deliveryId, webhookId, eventId, attempts };
  const now = Date.now();
  const log: readonly DeliveryAttempt[] = [...delivery.log, attempt].slice(-LOG_LENGTH);
  if (ok) {
    await recordAttempt(db, delivery, { log, state: 'delivered', endedAt: now });
    logger.debug('webhook.delivered', fields);
    return;
  }
  const dueAt = nextAttemptAt({ attempts, since, now, retryAfterSeconds }, Math.random());
  const { status, error } = attempt;
  logger.warn('webhook.attempt.failed', { ...fields, status, reason: error });
  if (dueAt === undefined)
    await recordAttempt(db, delivery, { log, state: 'failed', endedAt: now });
  else await recordAttempt(db, delivery, { log, dueAt });
}

async function noteSuccess(context: ServiceContext, webhook: WebhookRow): Promise<void> {
  if (webhook.failures === 0) return;
  await updateWebhook(context.db, webhook, { failures: 0, failingSince: null, notBefore: 0 });
}

async function noteFailure(context: ServiceContext, { id, failures }: WebhookRow): Promise<void> {
  const now = Date.now();
  const [row] = await context.db
    .update(webhooks)
    .set({
      failures: sql`failures + 1`,
      failingSince: sql`coalesce(failing_since, ${now})`,
      notBefore: now + pauseAfter(failures + 1, Math.random()),
    })
    .where(eq(webhooks.id, id))
    .returning();
  if (row !== undefined && isHopeless(row, now)) await disable(context, row);
}

/** Nobody has taken anything for days: the receiver is gone. Its account's other webhooks and the log tell. */
async function disable(context: ServiceContext, row: WebhookRow): Promise<void> {
  const { id, accountId, url, failures, failingSince } = row;
  const disabledReason = `Nothing was accepted since ${new Date(failingSince ?? 0).toISOString()}; ${failures} attempts failed.`;
  await updateWebhook(context.db, row, { enabled: false, disabledReason });
  context.logger.error('webhook.disabled', { webhookId: id, accountId, failures });
  await announceNotice(context, {
    id: `evt_webhook.disabled:${id}:${failingSince}`,
    type: 'webhook.disabled',
    accountId,
    subject: id,
    data: { webhookId: id, url, reason: disabledReason },
  });
}
