import type { ServiceContext, ServicePlugin } from '../../src/kernel/service-context.ts';
import { createDeadPermitConsumer, createPermitConsumer } from './permit-consumer.ts';
import { profileRoutes } from './profile-routes.ts';
import { jobRoutes } from './routes.ts';
import { TranscoderService } from './service.ts';
import { taskRoutes } from './task-routes.ts';

const REARM_EVERY_MS = 60_000;

/** Plans, dispatches and watches transcode jobs. */
export function createTranscoder(): ServicePlugin {
  let service: TranscoderService | undefined;
  return {
    name: 'transcoder',
    version: '0.1.0',
    dependsOn: ['metadata'],
    init(context: ServiceContext) {
      const own = new TranscoderService(context);
      service = own;
      const { contributions, events, services, config } = context;
      services.provide('transcoder', own);
      contributions.routes.push(jobRoutes(own), profileRoutes(own.profiles));
      // A container's way to the store is its outbound handler: then nobody else can knock there.
      if (config.TRANSCODER_URL.startsWith('http')) contributions.routes.push(taskRoutes(context));
      contributions.queues.set('transcode', createPermitConsumer(context));
      contributions.queues.set('transcode-dead', createDeadPermitConsumer(context));
      contributions.jobs.push({
        name: 'transcoder.rearm',
        everyMs: REARM_EVERY_MS,
        run: (now) => own.rearm(now),
      });
      events.subscribe('video.uploaded', 'transcoder.start-job', (event) => own.startJob(event));
    },
    async health() {
      const encoder = await service?.encoderHealth().catch((error: unknown) => error);
      if (encoder instanceof Error || encoder === undefined) {
        return { status: 'degraded', details: { encoder: String(encoder) } };
      }
      return { status: 'up', details: { encoder } };
    },
  };
}
