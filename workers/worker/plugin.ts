import type { ServiceContext, ServicePlugin } from '../../src/kernel/service-context.ts';
import { createDeadEventConsumer, createEventConsumer } from './event-consumer.ts';
import { backgroundRoutes } from './routes.ts';

const OUTBOX_EVERY_MS = 10_000;

/** Background work: delivers events and lets the sweeper run what the platform repeats. */
export function createWorkerService(): ServicePlugin {
  return {
    name: 'worker',
    version: '0.1.0',
    init(context: ServiceContext) {
      const { contributions, events, services, env } = context;
      services.provide('worker', { armSweeper: () => env.SWEEPER.getByName('sweeper').arm() });
      contributions.routes.push(backgroundRoutes(context));
      contributions.queues.set('events', createEventConsumer(context));
      contributions.queues.set('events-dead', createDeadEventConsumer(context));
      contributions.jobs.push({
        name: 'worker.outbox',
        everyMs: OUTBOX_EVERY_MS,
        run: async (now) => (await events.resendDue(now)) > 0,
      });
    },
    health: async () => ({ status: 'up' }),
  };
}
