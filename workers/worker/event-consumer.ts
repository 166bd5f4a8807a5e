import { eventMessageSchema } from '../../src/contracts/events.ts';
import type { EventMessage } from '../../src/contracts/host-api.ts';
import type { QueueConsumer, ServiceContext } from '../../src/kernel/service-context.ts';

const FIRST_RETRY_SECONDS = 2;
const LONGEST_RETRY_SECONDS = 300;

/** Delivers each message to its one subscriber; a failure is that subscriber's own and is retried with back-off. */
export function createEventConsumer(context: ServiceContext): QueueConsumer {
  return async (batch) => {
    for (const message of batch.messages) {
      const parsed = parseMessage(message.body);
      if (parsed === undefined) {
        await refuse(context, message);
        continue;
      }
      const fields = { eventId: parsed.event.id, subscriber: parsed.subscriber };
      try {
        await deliver(context, parsed, { queue: batch.queue, messageId: message.id });
        context.logger.debug('event.delivered', fields);
        message.ack();
      } catch (error) {
        const delaySeconds = retryDelay(message.attempts);
        context.logger.warn('event.failed', { ...fields, attempts: message.attempts, error });
        await context.events.postpone(parsed, delaySeconds * 1000, error).catch(() => undefined);
        message.retry({ delaySeconds });
      }
    }
  };
}

/** One span a message, below the work that published the event. */
async function deliver(
  context: ServiceContext,
  message: EventMessage,
  { queue, messageId }: { readonly queue: string; readonly messageId: string },
): Promise<void> {
  const { event, subscriber } = message;
  const unit = {
    name: `process ${event.type}`,
    kind: 'consumer',
    parent: event.traceparent,
    attributes: {
      'messaging.system': 'cloudflare_queues',
      'messaging.operation.type': 'process',
      'messaging.destination.name': queue,
      'messaging.message.id': messageId,
      'messaging.destination.subscription.name': subscriber,
      'cloudevents.event_id': event.id,
      'cloudevents.event_source': event.source,
      'cloudevents.event_type': event.type,
      'cloudevents.event_subject': event.subject,
    },
    fields: { videoUid: event.subject, eventId: event.id },
  } as const;
  await context.tracer.unit(unit, () => context.events.deliver(message));
}

/** What failed to the end becomes a dead letter; a video that could not be started says so instead of waiting for ever. */
export function createDeadEventConsumer(context: ServiceContext): QueueConsumer {
  return async (batch) => {
    for (const message of batch.messages) {
      const parsed = parseMessage(message.body);
      if (parsed === undefined) {
        await refuse(context, message);
        continue;
      }
      const fields = { eventId: parsed.event.id, subscriber: parsed.subscriber };
      try {
        context.logger.error('event.died', fields);
        await context.events.bury(parsed, Date.now());
        await failUnstartable(context, parsed);
        message.ack();
      } catch (error) {
        context.logger.warn('event.burial.failed', { ...fields, error });
        message.retry({ delaySeconds: retryDelay(message.attempts) });
      }
    }
  };
}

/** Seconds before the next attempt, after `attempts` of them. */
export function retryDelay(attempts: number): number {
  return Math.min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** Math.max(0, attempts - 1));
}

/** What nobody can read is kept for the operators; no repeat would help. */
async function refuse(context: ServiceContext, message: Message): Promise<void> {
  context.logger.error('event.refused', { messageId: message.id });
  try {
    await context.services.get('worker').recordDeadLetter({
      id: `dlt_${message.id}`,
      queue: 'events',
      type: 'unreadable',
      subject: '',
      body: message.body,
      attempts: message.attempts,
      reason: 'the message is not an event of this version',
    });
    message.ack();
  } catch (error) {
    context.logger.warn('event.burial.failed', { messageId: message.id, error });
    message.retry({ delaySeconds: retryDelay(message.attempts) });
  }
}

async function failUnstartable(context: ServiceContext, { event }: EventMessage): Promise<void> {
  if (event.type !== 'video.uploaded') return;
  const { uid, revision } = event.data as { uid: string; revision: string };
  const text =
    'Transcoding could not be started. Start it again with POST /api/v1/jobs, or ask the operator.';
  await context.services.find('metadata')?.failed({ uid, revision }, 'ERR_UNKNOWN', text);
}

function parseMessage(body: unknown): EventMessage | undefined {
  const parsed = eventMessageSchema.safeParse(body);
  return parsed.success ? (parsed.data as EventMessage) : undefined;
}
