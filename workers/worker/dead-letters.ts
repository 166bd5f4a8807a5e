import { and, desc, eq, isNotNull, lt, sql } from 'drizzle-orm';

import { AppError } from '../../src/contracts/errors.ts';
import type { DeadLetter } from '../../src/contracts/service-apis.ts';
import { outbox } from '../../src/db/outbox.ts';
import { deadLetters } from '../../src/db/worker.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';

const MOST_BODY_CHARACTERS = 4096;
const REPLAYS = 100;

/** A dead letter as it is listed; `diedAt` in ms. */
export interface ListedDeadLetter extends DeadLetter {
  readonly diedAt: number;
  /** Who could not handle it, for events. */
  readonly subscriber?: string;
  /** False for what nobody could read. */
  readonly replayable: boolean;
}

export interface DeadLetterFilter {
  readonly queue?: DeadLetter['queue'] | undefined;
  readonly type?: string | undefined;
}

interface Page extends DeadLetterFilter {
  readonly before?: number | undefined;
  readonly limit: number;
}

/** What both queues gave up: dead events stand in the outbox, everything else in a table of its own. */
export class DeadLetters {
  private readonly context: ServiceContext;

  constructor(context: ServiceContext) {
    this.context = context;
  }

  async record(letter: DeadLetter): Promise<void> {
    const body = (JSON.stringify(letter.body) ?? 'null').slice(0, MOST_BODY_CHARACTERS);
    const row = { ...letter, body, diedAt: Date.now() };
    await this.context.db.insert(deadLetters).values(row).onConflictDoNothing();
  }

  /** Newest first. */
  async list(page: Page): Promise<ListedDeadLetter[]> {
    const [events, others] = await Promise.all([this.listEvents(page), this.listOthers(page)]);
    return [...events, ...others].toSorted((a, b) => b.diedAt - a.diedAt).slice(0, page.limit);
  }

  /** Handles a dead letter again; answers to how many subscribers it goes. */
  async replay(id: string): Promise<number> {
    const other = await this.findOther(id);
    if (other !== undefined) {
      await this.replayOther(other);
      return 1;
    }
    const replayed = await this.context.events.replay(id, Date.now());
    if (replayed === 0) throw unknownLetter(id);
    await this.context.services.get('worker').armSweeper();
    return replayed;
  }

  /** Replays what can be handled again, up to a hundred at a time. */
  async replayAll(filter: DeadLetterFilter): Promise<{ replayed: number; hasMore: boolean }> {
    const letters = await this.list({ ...filter, limit: REPLAYS + 1 });
    const ids = new Set(letters.filter((each) => each.replayable).map(({ id }) => id));
    let replayed = 0;
    for (const id of ids) replayed += await this.replay(id);
    return { replayed, hasMore: letters.length > REPLAYS };
  }

  async dismiss(id: string): Promise<void> {
    const { db } = this.context;
    const [events, others] = await db.batch([
      db
        .delete(outbox)
        .where(and(eq(outbox.eventId, id), isNotNull(outbox.deadAt)))
        .returning({ id: outbox.eventId }),
      db.delete(deadLetters).where(eq(deadLetters.id, id)).returning({ id: deadLetters.id }),
    ]);
    if (events.length + others.length === 0) throw unknownLetter(id);
  }

  private async listEvents({ queue, type, before, limit }: Page): Promise<ListedDeadLetter[]> {
    if (queue === 'transcode') return [];
    const rows = await this.context.db
      .select()
      .from(outbox)
      .where(
        and(
          isNotNull(outbox.deadAt),
          before === undefined ? undefined : lt(outbox.deadAt, before),
          type === undefined ? undefined : sql`${outbox.event} ->> 'type' = ${type}`,
        ),
      )
      .orderBy(desc(outbox.deadAt))
      .limit(limit);
    return rows.map(({ eventId, subscriber, event, attempts, lastError, deadAt }) => ({
      id: eventId,
      queue: 'events',
      type: event.type,
      subject: event.subject,
      subscriber,
      body: event,
      attempts,
      reason: lastError ?? 'no subscriber confirmed it',
      diedAt: deadAt ?? 0,
      replayable: true,
    }));
  }

  private async listOthers({ queue, type, before, limit }: Page): Promise<ListedDeadLetter[]> {
    const rows = await this.context.db
      .select()
      .from(deadLetters)
      .where(
        and(
          queue === undefined ? undefined : eq(deadLetters.queue, queue),
          type === undefined ? undefined : eq(deadLetters.type, type),
          before === undefined ? undefined : lt(deadLetters.diedAt, before),
        ),
      )
      .orderBy(desc(deadLetters.diedAt))
      .limit(limit);
    return rows.map((row) => ({ ...row, replayable: isReplayable(row) }));
  }

  private async findOther(id: string): Promise<typeof deadLetters.$inferSelect | undefined> {
    const [row] = await this.context.db.select().from(deadLetters).where(eq(deadLetters.id, id));
    return row;
  }

  private async replayOther(row: typeof deadLetters.$inferSelect): Promise<void> {
    if (!isReplayable(row)) {
      throw new AppError(
        'request.invalid',
        'Nobody could read this message, so it cannot be handled again. Dismiss it with DELETE.',
      );
    }
    await this.context.services.get('transcoder').poke(row.subject);
    await this.context.db.delete(deadLetters).where(eq(deadLetters.id, row.id));
  }
}

function isReplayable({ type }: { readonly type: string }): boolean {
  return type === 'permit';
}

function unknownLetter(id: string): AppError {
  return new AppError('dead_letter.not_found', `There is no dead letter "${id}".`);
}
