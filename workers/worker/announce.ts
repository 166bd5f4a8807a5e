import type { CloudEvent } from '../../src/contracts/events.ts';
import type { Notice, WebhookEventType } from '../../src/contracts/webhook-events.ts';
import { idDigitsOf } from '../../src/http/idempotency.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { insertDeliveries } from './delivery-store.ts';
import { bodyOfEvent, bodyOfNotice, isStreamEvent } from './webhook-body.ts';
import { wants } from './wants-event.ts';
import { listOperatorWebhooks, listWebhooks } from './webhook-store.ts';
import type { WebhookRow } from './webhook-store.ts';

interface Announcement {
  readonly eventId: string;
  readonly type: WebhookEventType;
  readonly body: string;
}

/** Subscriber of every event: plans its delivery to each webhook that asked for it. A repeat plans nothing anew. */
export async function announceEvent(context: ServiceContext, event: CloudEvent): Promise<void> {
  const targets = (await listConcerned(context, event)).filter((row) => wants(row, event.type));
  if (targets.length === 0) return;
  const body = await bodyFor(context, event);
  if (body !== undefined)
    await plan(context, targets, { eventId: event.id, type: event.type, body });
}

/** An event of nobody in particular is the operators'. */
async function listConcerned(
  { db }: ServiceContext,
  { data }: CloudEvent,
): Promise<readonly WebhookRow[]> {
  return 'accountId' in data ? listWebhooks(db, data.accountId) : listOperatorWebhooks(db);
}

/** Nothing when its owner has deleted the video since, and hears of that instead. */
async function bodyFor(context: ServiceContext, event: CloudEvent): Promise<string | undefined> {
  const { data } = event;
  if (!isStreamEvent(event.type) || !('accountId' in data)) return bodyOfEvent(event);
  const video = await context.services.get('metadata').describeVideo(data.accountId, data.uid);
  return video && bodyOfEvent(event, video);
}

/** Plans the delivery of a notice to each webhook of its account that asked for it. */
export async function announceNotice(context: ServiceContext, notice: Notice): Promise<void> {
  const { accountId, id, type } = notice;
  const rows = await listWebhooks(context.db, accountId);
  const targets = rows.filter((row) => wants(row, type));
  const body = bodyOfNotice(notice, Date.now());
  await plan(context, targets, { eventId: id, type, body });
}

/** Plans one delivery to one webhook, whatever it asked for; answers its id. */
export async function announceTo(
  context: ServiceContext,
  row: WebhookRow,
  notice: Notice,
): Promise<string> {
  const body = bodyOfNotice(notice, Date.now());
  await plan(context, [row], { eventId: notice.id, type: notice.type, body });
  return deliveryId(row.id, notice.id);
}

async function plan(
  context: ServiceContext,
  targets: readonly WebhookRow[],
  { eventId, type, body }: Announcement,
): Promise<void> {
  const createdAt = Date.now();
  const deliveries = await Promise.all(
    targets.map(async ({ id }) => ({
      ...{ id: await deliveryId(id, eventId), webhookId: id, eventId },
      ...{ eventType: type, body, createdAt },
    })),
  );
  await insertDeliveries(context.db, deliveries);
  await Promise.all(targets.map(({ id }) => context.env.WEBHOOK_SENDER.getByName(id).arm()));
}

async function deliveryId(webhookId: string, eventId: string): Promise<string> {
  return `dlv_${await idDigitsOf(['delivery', webhookId, eventId])}`;
}
