import type { ServiceHealth } from '../contracts/host-api.ts';
import { worstOf } from './kernel.ts';
import type { KernelHealth } from './kernel.ts';
import type { RemoteService } from './service-directory.ts';
import type { ServiceContext } from './service-context.ts';

/**
 * Health of the plugins of this Worker and of every service that it is bound to. The details of the latter also say how its
 * calls go from here: breaker, counts of this isolate, deadlines.
 */
export async function systemHealth({
  kernel,
  services,
}: Pick<ServiceContext, 'kernel' | 'services'>): Promise<KernelHealth> {
  const own = kernel.health();
  const remote = await Promise.all(
    [...services.remotes.values()].map(async (each) => [each.name, await healthOf(each)] as const),
  );
  const plugins = { ...(await own).plugins, ...Object.fromEntries(remote) };
  return { status: worstOf(Object.values(plugins).map(({ status }) => status)), plugins };
}

async function healthOf(service: RemoteService): Promise<ServiceHealth> {
  const health = await service.host.serviceHealth().catch((error: unknown): ServiceHealth => {
    const reason = error instanceof Error ? error.message : String(error);
    return { version: 'unknown', status: 'down', details: { reason } };
  });
  return { ...health, details: { ...health.details, calls: service.state() } };
}
