import { count, isNotNull, isNull, min } from 'drizzle-orm';

import { countedEvents } from '../../src/db/operations.ts';
import { outbox } from '../../src/db/outbox.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { withDeadline } from '../../src/kernel/with-deadline.ts';
import type { PlatformState, QueueState } from './platform-facts.ts';
import { checkReadiness } from './readiness.ts';

const READ_DEADLINE_MS = 5000;

/** Asks everything at once; nothing of it may hold up the rest. */
export async function readPlatform(context: ServiceContext, now: number): Promise<PlatformState> {
  const transcoder = context.services.find('transcoder');
  const [checks, queues, box, events, workload, encoder] = await Promise.all([
    checkReadiness(context),
    answered(readQueues(context.env, now)),
    answered(readOutbox(context, now)),
    answered(readEvents(context)),
    answered(transcoder?.workload()),
    answered(transcoder?.encoderHealth()),
  ]);
  return {
    ready: checks.every(({ ok }) => ok),
    checks,
    ...(queues && { queues }),
    ...(box && { outbox: box }),
    ...(events && { events }),
    ...(workload && { workload }),
    ...(encoder && { encoder: { busy: encoder.busy, slots: encoder.slots } }),
  };
}

/** Going on without what does not answer: a metric that is missing tells more than a page that fails. */
async function answered<T>(work: Promise<T> | undefined): Promise<T | undefined> {
  if (work === undefined) return undefined;
  try {
    return await withDeadline(work, READ_DEADLINE_MS);
  } catch {
    return undefined;
  }
}

async function readQueues(env: Env, now: number): Promise<QueueState[]> {
  const queues = { events: env.EVENTS_QUEUE, transcode: env.TRANSCODE_QUEUE };
  return Promise.all(
    Object.entries(queues).map(async ([name, queue]) => {
      const { backlogCount, oldestMessageTimestamp } = await queue.metrics();
      const oldest = oldestMessageTimestamp?.getTime() ?? now;
      const oldestSeconds = backlogCount === 0 ? 0 : Math.max(0, now - oldest) / 1000;
      return { name, messages: backlogCount, oldestSeconds };
    }),
  );
}

async function readOutbox(
  { db }: ServiceContext,
  now: number,
): Promise<NonNullable<PlatformState['outbox']>> {
  const [[waiting], dead] = await Promise.all([
    db
      .select({ total: count(), oldest: min(outbox.createdAt) })
      .from(outbox)
      .where(isNull(outbox.deadAt)),
    db.$count(outbox, isNotNull(outbox.deadAt)),
  ]);
  const oldestSeconds = Math.max(0, now - (waiting?.oldest ?? now)) / 1000;
  return { waiting: waiting?.total ?? 0, dead, oldestSeconds };
}

async function readEvents({ db }: ServiceContext): Promise<Record<string, number>> {
  const rows = await db
    .select({ type: countedEvents.type, total: count() })
    .from(countedEvents)
    .groupBy(countedEvents.type);
  return Object.fromEntries(rows.map(({ type, total }) => [type, total]));
}
