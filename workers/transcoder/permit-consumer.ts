import { permitSchema } from '../../src/contracts/events.ts';
import type { QueueConsumer, ServiceContext } from '../../src/kernel/service-context.ts';

const BUSY_RETRY_SECONDS = 1;
/** A job that does not answer this often is left to the operators and to the sweep. */
const MOST_POKES = 5;
const POKE_AGAIN_SECONDS = 30;

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

/** Permits that were retried to the end: the job sends new ones by itself. What cannot be read, or whose job does not answer, becomes a dead letter. */
export function createDeadPermitConsumer(context: ServiceContext): QueueConsumer {
  return async (batch) => {
    for (const message of batch.messages) {
      const permit = permitSchema.safeParse(message.body);
      const jobId = permit.success ? permit.data.jobId : '';
      try {
        if (!permit.success) await bury(context, message, 'the message is not a permit');
        else await context.env.TRANSCODE_JOB.getByName(jobId).poke();
        message.ack();
      } catch (error) {
        context.logger.warn('permit.burial.failed', { jobId, error });
        await giveUpOrRetry(context, message, { jobId, error });
      }
    }
  };
}

async function giveUpOrRetry(
  context: ServiceContext,
  message: Message,
  { jobId, error }: { readonly jobId: string; readonly error: unknown },
): Promise<void> {
  try {
    if (message.attempts >= MOST_POKES) {
      await bury(context, message, `the job does not answer: ${String(error)}`, jobId);
      message.ack();
      return;
    }
  } catch (cause) {
    context.logger.error('permit.burial.failed', { jobId, error: cause });
  }
  message.retry({ delaySeconds: POKE_AGAIN_SECONDS });
}

async function bury(
  context: ServiceContext,
  message: Message,
  reason: string,
  jobId = '',
): Promise<void> {
  await context.services.get('worker').recordDeadLetter({
    id: `dlt_${message.id}`,
    queue: 'transcode',
    type: jobId === '' ? 'unreadable' : 'permit',
    subject: jobId,
    body: message.body,
    attempts: message.attempts,
    reason,
  });
}

/** True when a runner took a task or the job has none to give; false when every runner is busy. */
async function offerToRunners(context: ServiceContext, jobId: string): Promise<boolean> {
  for (let slot = 0; slot < context.config.TRANSCODER_SLOTS; slot += 1) {
    const offer = await context.env.TRANSCODER.getByName(`runner-${slot}`).offer(jobId);
    if (offer !== 'busy') return true;
  }
  return false;
}
