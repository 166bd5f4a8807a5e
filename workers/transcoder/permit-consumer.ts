import { permitSchema } from '../../src/contracts/events.ts';
import type { QueueConsumer, ServiceContext } from '../../src/kernel/service-context.ts';

const BUSY_RETRY_SECONDS = 1;

/** Hands each permit's job to a free runner. The encode runs elsewhere: a message is acked as soon as a runner has it. */
export function createPermitConsumer(context: ServiceContext): QueueConsumer {
  return async (batch) => {
    for (const message of batch.messages) {
      const permit = permitSchema.safeParse(message.body);
      if (!permit.success) {
        context.logger.error('permit.refused', { messageId: message.id, error: permit.error });
        message.ack();
        continue;
      }
      try {
        const taken = await offerToRunners(context, permit.data.jobId);
        if (taken) message.ack();
        else message.retry({ delaySeconds: BUSY_RETRY_SECONDS });
      } catch (error) {
        context.logger.warn('permit.failed', { jobId: permit.data.jobId, error });
        message.retry({ delaySeconds: BUSY_RETRY_SECONDS });
      }
    }
  };
}

/** Permits that were retried to the end: the job sends new ones by itself, so nothing is lost. */
export function createDeadPermitConsumer(context: ServiceContext): QueueConsumer {
  return async (batch) => {
    for (const message of batch.messages) {
      const permit = permitSchema.safeParse(message.body);
      if (!permit.success) {
        message.ack();
        continue;
      }
      const { jobId } = permit.data;
      try {
        await context.env.TRANSCODE_JOB.getByName(jobId).poke();
        message.ack();
      } catch (error) {
        context.logger.warn('permit.burial.failed', { jobId, error });
        message.retry({ delaySeconds: BUSY_RETRY_SECONDS });
      }
    }
  };
}

/** True when a runner took a task or the job has none to give; false when every runner is busy. */
async function offerToRunners(context: ServiceContext, jobId: string): Promise<boolean> {
  for (let slot = 0; slot < context.config.TRANSCODER_SLOTS; slot += 1) {
    const offer = await context.env.TRANSCODER.getByName(`runner-${slot}`).offer(jobId);
    if (offer !== 'busy') return true;
  }
  return false;
}
