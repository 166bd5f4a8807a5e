import { WorkerEntrypoint } from 'cloudflare:workers';

import type { HostApi } from '../contracts/host-api.ts';
import type { CallableService } from '../contracts/service-apis.ts';
import type { ServiceName } from '../contracts/services.ts';
import { answerCall } from './call-answer.ts';
import type { SentCallContext } from './call-context.ts';
import { consumeBatch } from './consume-batch.ts';
import { runReceived } from './receive-call.ts';
import { callsOf, connectServices } from './remote-service.ts';
import { createServiceApp } from './service-app.ts';
import type { ServiceContext, ServicePlugin } from './service-context.ts';
import { hostPlugins, serviceContext } from './worker-host.ts';

/** What the Worker of one service exports. */
export interface ServiceEntry {
  /**
   * The service for other Workers: the methods of its contract by RPC, its routes by `fetch`. It has no address: only a binding
   * that names this entrypoint reaches it, so what the gateway says of the caller is true.
   */
  readonly Service: typeof WorkerEntrypoint<Env>;
  /** What the platform calls. Over HTTP it answers nothing but that the Worker is alive. */
  readonly handlers: Required<Pick<ExportedHandler<Env>, 'fetch' | 'queue' | 'scheduled'>>;
}

/** Makes the Worker of one service from its plugin. */
export function createServiceEntry(
  name: ServiceName,
  createPlugin: () => ServicePlugin,
): ServiceEntry {
  // What it depends on runs in other Workers and is found when it is called.
  hostPlugins({ choose: () => [{ ...createPlugin(), dependsOn: [] }], connect: connectServices });
  return { Service: createEntrypoint(name), handlers: platformHandlers };
}

/** Queue batches and cron of a Worker of the microservices. */
export const platformHandlers: ServiceEntry['handlers'] = {
  fetch: async ({ url }) =>
    new URL(url).pathname === '/health/live'
      ? Response.json({ status: 'up' })
      : Response.json({ detail: 'Ask the gateway.' }, { status: 404 }),
  queue: async (batch) => consumeBatch(await serviceContext(), batch),
  async scheduled() {
    const { services } = await serviceContext();
    await services.find('worker')?.armSweeper();
  },
};

function createEntrypoint(name: ServiceName): typeof WorkerEntrypoint<Env> {
  let app: ReturnType<typeof createServiceApp> | undefined;
  class Service extends WorkerEntrypoint<Env> {
    override async fetch(request: Request): Promise<Response> {
      app ??= createServiceApp(await serviceContext());
      return app(request, this.env, this.ctx);
    }
  }
  for (const method of Object.keys(callsOf(name))) {
    Object.defineProperty(Service.prototype, method, {
      value: (sent: SentCallContext, ...args: unknown[]) =>
        answerCall(async () => {
          const context = await serviceContext();
          return runReceived(context.tracer, `${name}.${method}`, sent, () =>
            callMethod(context, { name, method, args }),
          );
        }),
    });
  }
  return Service;
}

async function callMethod(
  context: ServiceContext,
  { name, method, args }: { name: ServiceName; method: string; args: readonly unknown[] },
): Promise<unknown> {
  const host: object = createHost(name, context);
  const target = Object.hasOwn(host, method) ? host : context.services.get(name as CallableService);
  const call = Reflect.get(target, method) as (...given: unknown[]) => unknown;
  return Reflect.apply(call, target, args);
}

function createHost(name: ServiceName, context: ServiceContext): HostApi {
  const { contributions, events, kernel } = context;
  return {
    async serviceHealth() {
      const { plugins } = await kernel.health();
      return plugins[name] ?? { version: 'unknown', status: 'down' };
    },
    deliverEvent: (message) => events.deliver(message),
    listJobs: async () =>
      contributions.jobs.map(({ name: job, everyMs }) => ({ name: job, everyMs })),
    async runJob(wanted, now) {
      return (await contributions.jobs.find((job) => job.name === wanted)?.run(now)) ?? false;
    },
  };
}
