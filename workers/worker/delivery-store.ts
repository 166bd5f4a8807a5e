import { and, asc, desc, eq, inArray, lt, lte, ne, sql } from 'drizzle-orm';
import type { DrizzleD1Database } from 'drizzle-orm/d1';

import { webhookDeliveries, webhooks } from '../../src/db/worker.ts';

export type DeliveryRow = typeof webhookDeliveries.$inferSelect;
export type NewDelivery = Pick<
  DeliveryRow,
  'id' | 'webhookId' | 'eventId' | 'eventType' | 'body' | 'createdAt'
>;

/** An attempt ends within its time limit, or its sender died. */
const ATTEMPT_LEASE_MS = 60_000;
const PRUNED = 500;

/** Plans a delivery to be made at once; one that is there already stays as it is. */
export async function insertDeliveries(
  db: DrizzleD1Database,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  const statements = deliveries.map((delivery) =>
    db
      .insert(webhookDeliveries)
      .values({
        ...delivery,
        state: 'pending',
        since: delivery.createdAt,
        dueAt: delivery.createdAt,
        log: [],
      })
      .onConflictDoNothing(),
  );
  const [first, ...rest] = statements;
  if (first !== undefined) await db.batch([first, ...rest]);
}

/** Takes what is due, the longest waiting first; nobody else gets it while the attempt may be under way. */
export async function claimDue(
  db: DrizzleD1Database,
  webhookId: string,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly DeliveryRow[]> {
  const due = db
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(and(pendingOf(webhookId), lte(webhookDeliveries.dueAt, now)))
    .orderBy(asc(webhookDeliveries.dueAt))
    .limit(limit);
  return db
    .update(webhookDeliveries)
    .set({ dueAt: now + ATTEMPT_LEASE_MS, attempts: sql`attempts + 1` })
    .where(inArray(webhookDeliveries.id, due))
    .returning();
}

/** Writes how the claimed attempt ended; the result of an attempt that was overtaken changes nothing. */
export async function recordAttempt(
  db: DrizzleD1Database,
  claimed: DeliveryRow,
  change: Pick<DeliveryRow, 'log'> & Partial<Pick<DeliveryRow, 'state' | 'dueAt' | 'endedAt'>>,
): Promise<void> {
  const { id, attempts, since } = claimed;
  await db
    .update(webhookDeliveries)
    .set(change)
    .where(
      and(
        eq(webhookDeliveries.id, id),
        eq(webhookDeliveries.attempts, attempts),
        eq(webhookDeliveries.since, since),
      ),
    );
}

/** When the webhook's next delivery is due. */
export async function nextDueAt(
  db: DrizzleD1Database,
  webhookId: string,
): Promise<number | undefined> {
  const [row] = await db
    .select({ dueAt: webhookDeliveries.dueAt })
    .from(webhookDeliveries)
    .where(pendingOf(webhookId))
    .orderBy(asc(webhookDeliveries.dueAt))
    .limit(1);
  return row?.dueAt;
}

/** Webhooks whose deliveries have waited since before the given time, although nothing keeps them. */
export async function listOverdueWebhooks(
  db: DrizzleD1Database,
  before: number,
  limit: number,
): Promise<readonly string[]> {
  const rows = await db
    .selectDistinct({ id: webhooks.id })
    .from(webhookDeliveries)
    .innerJoin(webhooks, eq(webhooks.id, webhookDeliveries.webhookId))
    .where(
      and(
        eq(webhookDeliveries.state, 'pending'),
        lt(webhookDeliveries.dueAt, before),
        eq(webhooks.enabled, true),
        lt(webhooks.notBefore, before),
      ),
    )
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** Forgets deliveries made before the given time. True when there are more. */
export async function pruneDeliveries(db: DrizzleD1Database, before: number): Promise<boolean> {
  const old = db
    .select({ id: webhookDeliveries.id })
    .from(webhookDeliveries)
    .where(lt(webhookDeliveries.createdAt, before))
    .limit(PRUNED);
  const removed = await db
    .delete(webhookDeliveries)
    .where(inArray(webhookDeliveries.id, old))
    .returning({ id: webhookDeliveries.id });
  return removed.length === PRUNED;
}

export interface DeliveryPage {
  readonly state?: DeliveryRow['state'] | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

/** The webhook's log, newest first. */
export async function listDeliveries(
  db: DrizzleD1Database,
  webhookId: string,
  { state, before, limit }: DeliveryPage,
): Promise<readonly DeliveryRow[]> {
  return db
    .select()
    .from(webhookDeliveries)
    .where(
      and(
        eq(webhookDeliveries.webhookId, webhookId),
        state === undefined ? undefined : eq(webhookDeliveries.state, state),
        before === undefined ? undefined : lt(webhookDeliveries.createdAt, before),
      ),
    )
    .orderBy(desc(webhookDeliveries.createdAt), desc(webhookDeliveries.id))
    .limit(limit);
}

export async function findDelivery(
  db: DrizzleD1Database,
  webhookId: string,
  id: string,
): Promise<DeliveryRow | undefined> {
  const [row] = await db
    .select()
    .from(webhookDeliveries)
    .where(and(eq(webhookDeliveries.id, id), eq(webhookDeliveries.webhookId, webhookId)));
  return row;
}

/** Makes an ended delivery due again, with a day of attempts before it; one that is pending is tried at once. */
export async function restartDelivery(
  db: DrizzleD1Database,
  id: string,
  now: number,
): Promise<void> {
  await db.batch([
    db
      .update(webhookDeliveries)
      .set({ dueAt: now })
      .where(and(eq(webhookDeliveries.id, id), eq(webhookDeliveries.state, 'pending'))),
    db
      .update(webhookDeliveries)
      .set({ state: 'pending', since: now, dueAt: now, attempts: 0, endedAt: null })
      .where(and(eq(webhookDeliveries.id, id), ne(webhookDeliveries.state, 'pending'))),
  ]);
}

function pendingOf(webhookId: string) {
  return and(eq(webhookDeliveries.webhookId, webhookId), eq(webhookDeliveries.state, 'pending'));
}
