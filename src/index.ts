import { createAuth } from '../workers/auth/plugin.ts';
import { createCache } from '../workers/cache/plugin.ts';
import { createGateway } from '../workers/gateway/plugin.ts';
import { createMetadata } from '../workers/metadata/plugin.ts';
import { createMonitor } from '../workers/monitor/plugin.ts';
import { createStreaming } from '../workers/streaming/plugin.ts';
import { createTranscoder } from '../workers/transcoder/plugin.ts';
import { createUpload } from '../workers/upload/plugin.ts';
import { createWorkerService } from '../workers/worker/plugin.ts';
import type { ServiceName } from './contracts/services.ts';
import type { ServicePlugin } from './kernel/service-context.ts';
import { renderNotStarted } from './http/render-not-started.ts';
import { consumeBatch } from './kernel/consume-batch.ts';
import { hostPlugins, serviceContext } from './kernel/worker-host.ts';

export { MetricShard } from '../durable-objects/metric-shard.ts';
export { RateLimiter } from '../durable-objects/rate-limiter.ts';
export { Sweeper } from '../durable-objects/sweeper.ts';
export { TranscodeJob } from '../durable-objects/transcode-job.ts';
export { TranscoderContainer } from '../durable-objects/transcoder-container.ts';
export { UploadSession } from '../durable-objects/upload-session.ts';
export { WebhookSender } from '../durable-objects/webhook-sender.ts';
export { TaskDoor } from '../workers/transcoder/task-door.ts';

const gateway = createGateway();

const FACTORIES: Readonly<Record<ServiceName, () => ServicePlugin>> = {
  auth: createAuth,
  cache: createCache,
  // Before metadata, whose `/stream/{uid}` would take `/stream/webhook` for a video.
  worker: createWorkerService,
  metadata: createMetadata,
  upload: createUpload,
  transcoder: createTranscoder,
  streaming: createStreaming,
  monitor: createMonitor,
  gateway: () => gateway,
};

hostPlugins({
  choose: (config) =>
    Object.entries(FACTORIES)
      .filter(([name]) => config.APP_PLUGINS.some((wanted) => wanted === name))
      .map(([, create]) => create()),
});

/** The monolith: all plugins in one Worker. */
export default {
  async fetch(request, env, execution) {
    try {
      await serviceContext();
    } catch (error) {
      return renderNotStarted(request, error);
    }
    return gateway.fetch(request, env, execution);
  },
  queue: async (batch) => consumeBatch(await serviceContext(), batch),
  async scheduled() {
    const { services } = await serviceContext();
    await services.find('worker')?.armSweeper();
  },
} satisfies ExportedHandler<Env>;
