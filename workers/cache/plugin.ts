import type { ServicePlugin } from '../../src/kernel/service-context.ts';
import { cacheRoutes } from './routes.ts';
import { createCacheService } from './service.ts';
import { CacheStatistics } from './statistics.ts';

/** Read-through cache over KV for values that are costly to make. It never grants, locks, counts or revokes. */
export function createCache(): ServicePlugin {
  return {
    name: 'cache',
    version: '0.1.0',
    init({ env, services, contributions }) {
      const statistics = new CacheStatistics();
      const cache = createCacheService(env.CACHE, statistics);
      services.provide('cache', cache);
      contributions.routes.push(cacheRoutes(cache, statistics, Date.now()));
    },
    health: async () => ({ status: 'up' }),
  };
}
