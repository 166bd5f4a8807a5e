import type { ServicePlugin } from '../../src/kernel/service-context.ts';

export function createWorkerService(): ServicePlugin {
  return {
    name: 'worker',
    version: '0.1.0',
    init: () => undefined,
    health: async () => ({ status: 'up' }),
  };
}
