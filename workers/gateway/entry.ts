import { renderNotStarted } from '../../src/http/render-not-started.ts';
import { connectServices } from '../../src/kernel/remote-service.ts';
import { platformHandlers } from '../../src/kernel/service-entry.ts';
import { hostPlugins, serviceContext } from '../../src/kernel/worker-host.ts';
import { createGateway } from './plugin.ts';

export { RateLimiter } from '../../durable-objects/rate-limiter.ts';

const gateway = createGateway();

hostPlugins({ choose: () => [gateway], connect: connectServices });

/** The only public Worker of the microservices. */
export default {
  async fetch(request, env, execution) {
    try {
      await serviceContext();
    } catch (error) {
      return renderNotStarted(request, error);
    }
    return gateway.fetch(request, env, execution);
  },
  // `wrangler dev` gives the cron of all Workers to the first one.
  scheduled: platformHandlers.scheduled,
} satisfies ExportedHandler<Env>;
