import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/d1';
import { beforeEach, describe, expect, test } from 'vitest';

import { createUid } from '../../src/contracts/ids.ts';
import type { DeadLetter } from '../../src/contracts/service-apis.ts';
import { outbox } from '../../src/db/outbox.ts';
import {
  createDeadEventConsumer,
  createEventConsumer,
  retryDelay,
} from '../../workers/worker/event-consumer.ts';
import { createDeadPermitConsumer } from '../../workers/transcoder/permit-consumer.ts';
import { EventBus, createEvent } from '../../src/kernel/event-bus.ts';
import type { EventMessage } from '../../src/contracts/host-api.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { ServiceDirectory } from '../../src/kernel/service-directory.ts';
import { Tracer } from '../../src/kernel/tracer.ts';

const db = drizzle(env.DB);
const logger = createLogger('error');
let sent: EventMessage[] = [];
let letters: DeadLetter[] = [];
let bus: EventBus;

/** A bus whose queue only notes what it was given: delivery is then done by hand, or lost. */
beforeEach(() => {
  sent = [];
  letters = [];
  const queue = {
    sendBatch: async (messages: Iterable<{ body: EventMessage }>) => {
      for (const { body } of messages) sent.push(body);
    },
  } as unknown as Queue;
  bus = new EventBus({ db, queue, logger });
});

function anEvent(now = Date.now()): ReturnType<typeof createEvent<'video.ready'>> {
  const data = { uid: createUid(), accountId: 'default', revision: '1' };
  return createEvent('video.ready', data, { source: 'test', run: 'x', now });
}

async function record(
  event = anEvent(),
  condition = sql`1 = 1`,
): Promise<ReturnType<typeof anEvent>> {
  const [first, ...others] = bus.record(event, condition);
  if (first !== undefined) await db.batch([first, ...others]);
  return event;
}

function batchOf(...messages: readonly unknown[]): MessageBatch {
  const bodies = messages.map((body, index) => ({
    id: String(index),
    timestamp: new Date(),
    attempts: 1,
    body,
  }));
  return createMessageBatch('streamgate-events', bodies);
}

function contextOf(): ServiceContext {
  const tracer = new Tracer({ resource: {}, sampleRatio: 0, waitUntil: () => undefined });
  const services = new ServiceDirectory();
  services.provide('worker', {
    armSweeper: async () => undefined,
    recordDeadLetter: async (letter) => void letters.push(letter),
  });
  return { events: bus, logger, tracer, services } as unknown as ServiceContext;
}

describe('EventBus', () => {
  test('one row and one message a subscriber; a handled event leaves no row', async () => {
    const event = await record();
    await bus.send(event.id);
    expect(sent.map(({ subscriber }) => subscriber).toSorted()).toEqual([
      'metadata.publish-playback',
      'metadata.remove-old-runs',
      'monitor.count',
      'worker.webhooks',
    ]);
    const handled: string[] = [];
    for (const name of [
      'metadata.publish-playback',
      'metadata.remove-old-runs',
      'monitor.count',
      'worker.webhooks',
    ] as const) {
      bus.subscribe(
        'video.ready',
        name,
        async ({ data }) => void handled.push(`${name} ${data.uid}`),
      );
    }
    for (const message of sent) await bus.deliver(message);
    expect(handled).toHaveLength(4);
    expect(await db.$count(outbox)).toBe(0);
  });

  test('recording twice makes one event; a false condition makes none', async () => {
    const event = await record();
    await record(event);
    await record(anEvent(), sql`EXISTS (SELECT 1 FROM videos)`);
    expect(await db.$count(outbox)).toBe(4);
  });

  test('a lost message is sent again by the sweep, and only when it is due', async () => {
    const event = await record();
    await bus.send(event.id);
    sent = [];
    expect(await bus.resendDue(Date.now())).toBe(4);
    expect(sent).toEqual([]);
    await bus.resendDue(Date.now() + 16_000);
    expect(sent).toHaveLength(4);
  });

  test('a send that fails loses nothing', async () => {
    const broken = {
      sendBatch: () => Promise.reject(new Error('queue is overloaded')),
    } as unknown as Queue;
    const event = await record();
    await new EventBus({ db, queue: broken, logger: createLogger('error') }).send(event.id);
    await bus.resendDue(Date.now() + 16_000);
    expect(sent).toHaveLength(4);
  });
});

describe('event consumer', () => {
  test('a poison message and a failing subscriber do not hold up their neighbours', async () => {
    const event = await record();
    await bus.send(event.id);
    const handled: string[] = [];
    bus.subscribe(
      'video.ready',
      'metadata.publish-playback',
      async () => void handled.push('publish'),
    );
    bus.subscribe('video.ready', 'monitor.count', () => Promise.reject(new Error('down')));
    bus.subscribe(
      'video.ready',
      'metadata.remove-old-runs',
      async () => void handled.push('remove'),
    );
    bus.subscribe('video.ready', 'worker.webhooks', async () => void handled.push('tell'));
    const batch = batchOf({ nonsense: true }, ...sent);
    await createEventConsumer(contextOf())(batch);
    const result = await getQueueResult(batch, createExecutionContext());
    const failed = sent.findIndex(({ subscriber }) => subscriber === 'monitor.count') + 1;
    expect(handled.toSorted()).toEqual(['publish', 'remove', 'tell']);
    expect(letters).toMatchObject([{ queue: 'events', type: 'unreadable' }]);
    expect(result.retryMessages.map(({ msgId }) => msgId)).toEqual([String(failed)]);
    expect(result.explicitAcks).toHaveLength(4);
    const [row] = await db.select().from(outbox);
    expect(row).toMatchObject({
      subscriber: 'monitor.count',
      attempts: 1,
      lastError: 'Error: down',
    });
  });

  test('what fails to the end is kept as a dead letter and can be replayed', async () => {
    const event = await record();
    await bus.send(event.id);
    await createDeadEventConsumer(contextOf())(batchOf(...sent));
    await bus.resendDue(Date.now() + 3600_000);
    expect(sent).toHaveLength(4);
    expect(await bus.replay(event.id, Date.now())).toBe(4);
    await bus.resendDue(Date.now() + 1);
    expect(sent).toHaveLength(8);
  });

  test('a dead letter that cannot be written down is tried again, and its neighbours are not held up', async () => {
    const event = await record();
    await bus.send(event.id);
    const bury = bus.bury.bind(bus);
    bus.bury = (message, now) =>
      message.subscriber === 'monitor.count'
        ? Promise.reject(new Error('D1 is away'))
        : bury(message, now);
    const batch = batchOf(...sent);
    await createDeadEventConsumer(contextOf())(batch);
    const result = await getQueueResult(batch, createExecutionContext());
    const failed = sent.findIndex(({ subscriber }) => subscriber === 'monitor.count');
    expect(result.retryMessages.map(({ msgId }) => msgId)).toEqual([String(failed)]);
    expect(result.explicitAcks).toHaveLength(3);
  });

  test('a dead permit whose job does not answer is tried again', async () => {
    const bindings = { TRANSCODE_JOB: { getByName: (id: string) => ({ poke: () => poke(id) }) } };
    const poke = async (id: string): Promise<void> => {
      if (id === 'job_away') throw new Error('away');
    };
    const permits = ['job_away', 'job_here'].map((jobId) => ({ version: 1, jobId }));
    const batch = batchOf(...permits, { nonsense: true });
    await createDeadPermitConsumer({
      ...contextOf(),
      env: bindings,
    } as unknown as ServiceContext)(batch);
    const result = await getQueueResult(batch, createExecutionContext());
    expect(result.retryMessages.map(({ msgId }) => msgId)).toEqual(['0']);
    expect(result.explicitAcks).toEqual(['1', '2']);
    expect(letters).toMatchObject([{ queue: 'transcode', type: 'unreadable' }]);
  });

  test('back-off grows and is bounded', () => {
    expect([1, 2, 3, 20].map(retryDelay)).toEqual([2, 4, 8, 300]);
  });
});
