import type { ServiceContext, ServicePlugin } from '../../src/kernel/service-context.ts';
import { alertRoutes } from './alert-routes.ts';
import { monitorRoutes } from './routes.ts';
import { MonitorService } from './service.ts';

const SAMPLE_EVERY_MS = 60_000;

/** Readiness, status, metrics and alerts. */
export function createMonitor(): ServicePlugin {
  return {
    name: 'monitor',
    version: '0.1.0',
    init(context: ServiceContext) {
      const service = new MonitorService(context);
      const { contributions, events, services } = context;
      services.provide('monitor', service);
      contributions.routes.push(monitorRoutes(service), alertRoutes(service.alerts));
      contributions.jobs.push({
        name: 'monitor.sample',
        everyMs: SAMPLE_EVERY_MS,
        run: (now) => service.sample(now),
      });
      events.subscribe('video.ready', 'monitor.count', (event) => service.count(event));
      events.subscribe('video.failed', 'monitor.count', (event) => service.count(event));
    },
    health: async () => ({ status: 'up' }),
  };
}
