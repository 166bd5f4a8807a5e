import { createServiceEntry } from '../../src/kernel/service-entry.ts';
import { createWorkerService } from './plugin.ts';

export { Sweeper } from '../../durable-objects/sweeper.ts';
export { WebhookSender } from '../../durable-objects/webhook-sender.ts';

const { Service, handlers } = createServiceEntry('worker', createWorkerService);

export { Service };
export default handlers;
