import { AppError } from '../../src/contracts/errors.ts';
import { createId } from '../../src/contracts/ids.ts';
import type { Principal } from '../../src/contracts/principal.ts';
import { hasScope } from '../../src/contracts/principal.ts';
import { digestValue, idDigitsOf } from '../../src/http/idempotency.ts';
import { refuseTarget } from '../../src/http/outgoing-target.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { announceTo } from './announce.ts';
import {
  findDelivery,
  listDeliveries,
  listOverdueWebhooks,
  pruneDeliveries,
  restartDelivery,
} from './delivery-store.ts';
import type { DeliveryPage, DeliveryRow } from './delivery-store.ts';
import { createWebhookSecret } from './sign-webhook.ts';
import { openSecret, sealSecret } from './webhook-secrets.ts';
import type { CreateWebhook, EditWebhook } from './webhook-schema.ts';
import {
  MOST_WEBHOOKS,
  deleteWebhook,
  findWebhook,
  insertWebhook,
  listWebhooks,
  updateWebhook,
} from './webhook-store.ts';
import type { WebhookRow } from './webhook-store.ts';

const KEEP_DELIVERIES_MS = 14 * 24 * 3600 * 1000;
const OVERDUE_MS = 30_000;
const ARMED = 50;

export interface WithSecret {
  readonly row: WebhookRow;
  readonly secret: string;
}

/** Webhooks of accounts and the log of what was sent to them. */
export class Webhooks {
  private readonly context: ServiceContext;

  constructor(context: ServiceContext) {
    this.context = context;
  }

  async list(accountId: string): Promise<readonly WebhookRow[]> {
    return listWebhooks(this.context.db, accountId);
  }

  /** Throws `webhook.not_found`, also for another account's. */
  async get(accountId: string, id: string): Promise<WebhookRow> {
    const row = await findWebhook(this.context.db, id);
    if (row?.accountId === accountId) return row;
    throw new AppError('webhook.not_found', `There is no webhook "${id}".`);
  }

  /** A repeat with the same key and the same wish answers the same webhook. */
  async create(caller: Principal, wish: CreateWebhook, key?: string): Promise<WithSecret> {
    this.requireTarget(wish.url, '/url');
    requireEventScope(caller, wish.events);
    const now = Date.now();
    const { accountId } = caller;
    const id =
      key === undefined
        ? createId('whk', now)
        : `whk_${await idDigitsOf(['webhook', accountId, key])}`;
    return this.store({ id, accountId, kind: 'endpoint', now, wish });
  }

  async edit(caller: Principal, id: string, edit: EditWebhook): Promise<WebhookRow> {
    const row = await this.get(caller.accountId, id);
    if (edit.url !== undefined) this.requireTarget(edit.url, '/url');
    if (edit.events !== undefined) requireEventScope(caller, edit.events);
    const { url, events, enabled } = edit;
    const edited = await updateWebhook(this.context.db, row, {
      ...(url !== undefined && { url }),
      ...(events !== undefined && { events }),
      ...(enabled !== undefined && { enabled }),
      ...(enabled === true && { disabledReason: null }),
      // Another address or a second chance: what failed before counts no more.
      ...((enabled === true || url !== undefined) && {
        ...{ failures: 0, failingSince: null, notBefore: 0 },
      }),
      modifiedAt: Date.now(),
    });
    await this.arm(id);
    return edited ?? this.get(caller.accountId, id);
  }

  async remove(accountId: string, id: string): Promise<void> {
    if (!(await deleteWebhook(this.context.db, { id, accountId })))
      throw new AppError('webhook.not_found', `There is no webhook "${id}".`);
  }

  /** A new secret; the former one signs, too, while the overlap lasts. */
  async rotate(accountId: string, id: string, overlapSeconds: number): Promise<WithSecret> {
    const row = await this.get(accountId, id);
    const secret = createWebhookSecret();
    const now = Date.now();
    const rotated = await updateWebhook(this.context.db, row, {
      sealedSecret: await sealSecret(this.sealingKey(), id, secret),
      formerSealedSecret: overlapSeconds > 0 ? row.sealedSecret : null,
      formerUntil: overlapSeconds > 0 ? now + overlapSeconds * 1000 : null,
      modifiedAt: now,
    });
    return { row: rotated ?? row, secret };
  }

  /** Sends a test event like any other; answers the delivery's id. */
  async ping(accountId: string, id: string): Promise<string> {
    const row = await this.get(accountId, id);
    if (!row.enabled)
      throw new AppError('request.invalid', 'This webhook is switched off; enable it first.');
    const eventId = createId('evt', Date.now());
    return announceTo(this.context, row, {
      ...{ id: eventId, type: 'webhook.ping', accountId, subject: id },
      data: { webhookId: id },
    });
  }

  async deliveries(
    accountId: string,
    id: string,
    page: DeliveryPage,
  ): Promise<readonly DeliveryRow[]> {
    await this.get(accountId, id);
    return listDeliveries(this.context.db, id, page);
  }

  async delivery(accountId: string, id: string, deliveryId: string): Promise<DeliveryRow> {
    await this.get(accountId, id);
    const found = await findDelivery(this.context.db, id, deliveryId);
    if (found !== undefined) return found;
    throw new AppError('delivery.not_found', `There is no delivery "${deliveryId}".`);
  }

  /** Sends a delivery again, whatever became of it. */
  async replay(accountId: string, id: string, deliveryId: string): Promise<DeliveryRow> {
    await this.delivery(accountId, id, deliveryId);
    await restartDelivery(this.context.db, deliveryId, Date.now());
    await this.arm(id);
    return this.delivery(accountId, id, deliveryId);
  }

  /** The account's one webhook of the Stream API. Throws `webhook.not_enabled`. */
  async getStream(accountId: string): Promise<WithSecret> {
    const row = await findWebhook(this.context.db, await streamId(accountId));
    if (row === undefined)
      throw new AppError('webhook.not_enabled', 'No webhook is set. Set one with PUT.');
    return { row, secret: await openSecret(this.sealingKey(), row) };
  }

  /** Sets the address, and keeps the secret when there is one. */
  async putStream(accountId: string, url: string): Promise<WithSecret> {
    this.requireTarget(url, '/notificationUrl');
    const id = await streamId(accountId);
    const now = Date.now();
    const wish: CreateWebhook = { url, events: ['video.ready', 'video.failed'], enabled: true };
    const { db } = this.context;
    const change = {
      ...{ url, enabled: true, disabledReason: null, modifiedAt: now },
      ...{ failures: 0, failingSince: null, notBefore: 0 },
    };
    const row = await updateWebhook(db, { id, accountId }, change);
    if (row === undefined) return this.store({ id, accountId, kind: 'stream', now, wish });
    await this.arm(id);
    return { row, secret: await openSecret(this.sealingKey(), row) };
  }

  async removeStream(accountId: string): Promise<void> {
    const { row } = await this.getStream(accountId);
    await deleteWebhook(this.context.db, row);
  }

  /** Background: wakes senders that lost their alarm, and forgets old deliveries. */
  async sweep(now: number): Promise<boolean> {
    const { db } = this.context;
    const overdue = await listOverdueWebhooks(db, now - OVERDUE_MS, ARMED);
    await Promise.all(overdue.map((id) => this.arm(id)));
    const hasOld = await pruneDeliveries(db, now - KEEP_DELIVERIES_MS);
    return hasOld || overdue.length === ARMED;
  }

  private async store(plan: {
    readonly id: string;
    readonly accountId: string;
    readonly kind: WebhookRow['kind'];
    readonly now: number;
    readonly wish: CreateWebhook;
  }): Promise<WithSecret> {
    const { id, accountId, kind, now, wish } = plan;
    const wishDigest = await digestValue(wish);
    const row = await insertWebhook(this.context.db, {
      ...{ id, accountId, kind, ...wish, wishDigest, createdAt: now, modifiedAt: now },
      sealedSecret: await sealSecret(this.sealingKey(), id, createWebhookSecret()),
      ...{ formerSealedSecret: null, formerUntil: null, disabledReason: null },
      ...{ failures: 0, failingSince: null, notBefore: 0 },
    });
    if (row === undefined) {
      const sentence = `An account may have ${MOST_WEBHOOKS} webhooks. Delete one first.`;
      throw new AppError('webhook.too_many', sentence);
    }
    if (kind === 'endpoint' && row.wishDigest !== wishDigest) {
      throw new AppError(
        'request.key_reused',
        'This Idempotency-Key belongs to another request. Take a new one.',
        { pointer: 'Idempotency-Key' },
      );
    }
    return { row, secret: await openSecret(this.sealingKey(), row) };
  }

  private requireTarget(url: string, pointer: string): void {
    const refusal = refuseTarget(url, this.context.config.WEBHOOK_ALLOWED_HOSTS);
    if (refusal === undefined) return;
    const sentence = `${pointer.slice(1)}: ${refusal}`;
    throw new AppError('request.invalid', sentence, { pointer });
  }

  private sealingKey(): string {
    return this.context.config.KEY_ENCRYPTION_SECRET;
  }

  private async arm(id: string): Promise<void> {
    await this.context.env.WEBHOOK_SENDER.getByName(id).arm();
  }
}

async function streamId(accountId: string): Promise<string> {
  return `whk_${await idDigitsOf(['stream-webhook', accountId])}`;
}

/** Alerts tell of the whole platform. */
function requireEventScope(caller: Principal, events: readonly string[]): void {
  const alert = events.findIndex((type) => type.startsWith('alert.'));
  if (alert === -1 || hasScope(caller, 'admin')) return;
  throw new AppError('auth.forbidden', 'Alerts of the platform need the scope "admin".', {
    pointer: `/events/${alert}`,
  });
}
