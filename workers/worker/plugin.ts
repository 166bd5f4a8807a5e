import { EVENT_PAYLOADS } from '../../src/contracts/events.ts';
import type { EventType } from '../../src/contracts/events.ts';
import type { ServiceContext, ServicePlugin } from '../../src/kernel/service-context.ts';
import { announceEvent } from './announce.ts';
import { deadLetterRoutes } from './dead-letter-routes.ts';
import { DeadLetters } from './dead-letters.ts';
import { deliveryRoutes } from './delivery-routes.ts';
import { createDeadEventConsumer, createEventConsumer } from './event-consumer.ts';
import { scheduleRoutes } from './schedule-routes.ts';
import { Schedules } from './schedules.ts';
import { streamWebhookRoutes } from './stream-webhook-routes.ts';
import { webhookRoutes } from './webhook-routes.ts';
import { Webhooks } from './webhooks.ts';

const OUTBOX_EVERY_MS = 10_000;
const WEBHOOKS_EVERY_MS = 60_000;

/** Background work: delivers events, tells webhooks of them, and lets the sweeper run what the platform repeats. */
export function createWorkerService(): ServicePlugin {
  return {
    name: 'worker',
    version: '0.2.0',
    init(context: ServiceContext) {
      const { contributions, events, services, env } = context;
      const deadLetters = new DeadLetters(context);
      const webhooks = new Webhooks(context);
      services.provide('worker', {
        armSweeper: () => env.SWEEPER.getByName('sweeper').arm(),
        recordDeadLetter: (letter) => deadLetters.record(letter),
      });
      contributions.routes.push(
        deadLetterRoutes(deadLetters),
        scheduleRoutes(new Schedules(context)),
        webhookRoutes(webhooks),
        deliveryRoutes(webhooks),
        streamWebhookRoutes(webhooks),
      );
      contributions.queues.set('events', createEventConsumer(context));
      contributions.queues.set('events-dead', createDeadEventConsumer(context));
      contributions.jobs.push(
        {
          name: 'worker.outbox',
          everyMs: OUTBOX_EVERY_MS,
          run: async (now) => (await events.resendDue(now)) > 0,
        },
        {
          name: 'worker.webhooks',
          everyMs: WEBHOOKS_EVERY_MS,
          run: (now) => webhooks.sweep(now),
        },
      );
      for (const type of Object.keys(EVENT_PAYLOADS) as EventType[]) {
        events.subscribe(type, 'worker.webhooks', (event) => announceEvent(context, event));
      }
    },
    health: async () => ({ status: 'up' }),
  };
}
