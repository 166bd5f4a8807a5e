import { findConsumer } from './find-consumer.ts';
import type { ServiceContext } from './service-context.ts';

const NO_CONSUMER_RETRY_SECONDS = 30;

/** Hands a batch to the plugin that consumes its queue. Without one the messages come again later. */
export async function consumeBatch(
  { contributions, logger }: Pick<ServiceContext, 'contributions' | 'logger'>,
  batch: MessageBatch,
): Promise<void> {
  const consume = findConsumer(contributions.queues, batch.queue);
  if (consume === undefined) {
    logger.error('queue.consumer.missing', { queue: batch.queue });
    batch.retryAll({ delaySeconds: NO_CONSUMER_RETRY_SECONDS });
    return;
  }
  await consume(batch);
}
