import type { ServicePlugin } from '../../src/kernel/service-context.ts';

export function createMonitor(): ServicePlugin {
  return {
    name: 'monitor',
    version: '0.1.0',
    init: () => undefined,
    health: async () => ({ status: 'up' }),
  };
}
