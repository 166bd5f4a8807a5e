import type { ServicePlugin } from '../../src/kernel/service-context.ts';

export function createCache(): ServicePlugin {
  return {
    name: 'cache',
    version: '0.1.0',
    init: () => undefined,
    health: async () => ({ status: 'up' }),
  };
}
