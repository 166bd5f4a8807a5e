import { and, eq, inArray, isNull, lte, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import type { DrizzleD1Database } from 'drizzle-orm/d1';

import { AppError } from '../contracts/errors.ts';
import { EVENT_PAYLOADS, SUBSCRIBERS } from '../contracts/events.ts';
import type { CloudEvent, EventData, EventType, Subscriber } from '../contracts/events.ts';
import type { EventMessage } from '../contracts/host-api.ts';
import { outbox } from '../db/outbox.ts';
import type { Logger } from './logger.ts';
import type { RemoteService, RemoteServices } from './service-directory.ts';
import { currentTraceparent } from './trace-scope.ts';
import { withDeadline } from './with-deadline.ts';

/** How long a sent message may stay unhandled before the sweep sends it again. */
const RESEND_AFTER_MS = 15_000;
const SEND_DEADLINE_MS = 10_000;
const SWEEP_LIMIT = 100;

export type EventHandler<T extends EventType> = (event: CloudEvent<T>) => Promise<void>;

/** Builds an event. The id follows from type, subject and `run`, so that publishing twice makes one event. */
export function createEvent<T extends EventType>(
  type: T,
  data: EventData<T>,
  options: { readonly source: string; readonly run: string; readonly now: number },
): CloudEvent<T> {
  const subject = 'uid' in data ? data.uid : data.alertId;
  const traceparent = currentTraceparent();
  return {
    specversion: '1.0',
    id: `evt_${type}:${subject}:${options.run}`,
    source: options.source,
    type,
    time: new Date(options.now).toISOString(),
    subject,
    datacontenttype: 'application/json',
    ...(traceparent !== undefined && { traceparent }),
    data,
  };
}

/**
 * Durable publish and subscribe. A publisher puts {@link record} in the same D1 batch as its state change and calls
 * {@link send} after it; a row stays until its subscriber has handled the event, and {@link resendDue} repeats what was lost.
 */
export class EventBus {
  private readonly handlers = new Map<string, EventHandler<EventType>>();
  private readonly db: DrizzleD1Database;
  private readonly queue: Queue;
  private readonly logger: Logger;
  private readonly remotes: RemoteServices;

  constructor(parts: {
    readonly db: DrizzleD1Database;
    readonly queue: Queue;
    readonly logger: Logger;
    /** Where subscribers run that this Worker does not have. */
    readonly remotes?: RemoteServices;
  }) {
    this.db = parts.db;
    this.queue = parts.queue;
    this.logger = parts.logger;
    this.remotes = parts.remotes ?? new Map();
  }

  /** Names a handler; it must be idempotent by event id. The name stands in the contract's subscriber table. */
  subscribe<T extends EventType>(
    type: T,
    subscriber: Subscriber<T>,
    handler: EventHandler<T>,
  ): void {
    this.handlers.set(handlerKey(type, subscriber), handler as unknown as EventHandler<EventType>);
  }

  /** Statements that write the event for every subscriber, only where `condition` (a SQL boolean) holds at that moment. */
  record(event: CloudEvent, condition: SQL): BatchItem<'sqlite'>[] {
    const now = Date.parse(event.time);
    return SUBSCRIBERS[event.type].map((subscriber) =>
      this.db
        .insert(outbox)
        .select(
          sql`SELECT ${event.id}, ${subscriber}, ${JSON.stringify(event)}, ${now}, ${now + RESEND_AFTER_MS}, 0, NULL, NULL WHERE ${condition}`,
        )
        .onConflictDoNothing(),
    );
  }

  /** Hands recorded events to the queue. Never throws: what does not get through is sent by the sweep. */
  async send(...eventIds: readonly string[]): Promise<void> {
    try {
      const rows = await this.db
        .select({ subscriber: outbox.subscriber, event: outbox.event })
        .from(outbox)
        .where(and(inArray(outbox.eventId, [...eventIds]), isNull(outbox.deadAt)));
      await this.enqueue(rows);
    } catch (error) {
      this.logger.warn('events.send.failed', { eventIds, error });
    }
  }

  /** Sends again what was due; answers how many rows are still waiting for their subscriber. */
  async resendDue(now: number): Promise<number> {
    const due = this.db
      .select({ rowid: sql`rowid` })
      .from(outbox)
      .where(and(isNull(outbox.deadAt), lte(outbox.dueAt, now)))
      .limit(SWEEP_LIMIT);
    const rows = await this.db
      .update(outbox)
      .set({ dueAt: now + 2 * RESEND_AFTER_MS })
      .where(sql`rowid IN ${due}`)
      .returning({ subscriber: outbox.subscriber, event: outbox.event });
    await this.enqueue(rows);
    return this.db.$count(outbox, isNull(outbox.deadAt));
  }

  /** Runs one subscriber for one event and confirms it. Throws when the handler does; then {@link postpone} it. */
  async deliver(message: EventMessage): Promise<void> {
    const { event, subscriber } = message;
    const handler = this.handlers.get(handlerKey(event.type, subscriber));
    const owner = handler === undefined ? this.findOwner(subscriber) : undefined;
    if (owner !== undefined) return owner.host.deliverEvent(message);
    if (handler === undefined) {
      throw new AppError(
        'service.unavailable',
        `Nobody here handles ${event.type} as ${subscriber}.`,
      );
    }
    const data = EVENT_PAYLOADS[event.type].parse(event.data);
    await handler({ ...event, data });
    await this.db.delete(outbox).where(rowOf(message));
  }

  /** Notes a failed attempt, so that the sweep leaves the message to the queue's own retry. */
  async postpone(message: EventMessage, delayMs: number, error: unknown): Promise<void> {
    await this.db
      .update(outbox)
      .set({
        attempts: sql`attempts + 1`,
        dueAt: Date.now() + delayMs + 2 * RESEND_AFTER_MS,
        lastError: describe(error),
      })
      .where(rowOf(message));
  }

  /** Gives a message up: it stays as a dead letter until an operator replays it. */
  async bury(message: EventMessage, now: number): Promise<void> {
    await this.db
      .update(outbox)
      .set({ deadAt: now })
      .where(and(rowOf(message), isNull(outbox.deadAt)));
  }

  /** Drops an event whose work was done in another way, dead letters too. */
  async dismiss(eventId: string): Promise<void> {
    await this.db.delete(outbox).where(eq(outbox.eventId, eventId));
  }

  /** Makes dead letters of an event due again; answers how many. */
  async replay(eventId: string, now: number): Promise<number> {
    const rows = await this.db
      .update(outbox)
      .set({ deadAt: null, attempts: 0, dueAt: now })
      .where(and(eq(outbox.eventId, eventId), sql`dead_at IS NOT NULL`))
      .returning({ eventId: outbox.eventId });
    return rows.length;
  }

  /** The other Worker whose subscriber this is; subscribers are named `service.purpose`. */
  private findOwner(subscriber: string): RemoteService | undefined {
    return [...this.remotes.values()].find(({ name }) => subscriber.startsWith(`${name}.`));
  }

  private async enqueue(rows: readonly EventMessage[]): Promise<void> {
    if (rows.length === 0) return;
    const messages = rows.map(({ subscriber, event }) => ({
      body: { subscriber, event },
      contentType: 'json' as const,
    }));
    await withDeadline(this.queue.sendBatch(messages), SEND_DEADLINE_MS);
  }
}

function handlerKey(type: EventType, subscriber: string): string {
  return `${type} ${subscriber}`;
}

function rowOf(message: EventMessage): SQL | undefined {
  return and(eq(outbox.eventId, message.event.id), eq(outbox.subscriber, message.subscriber));
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
