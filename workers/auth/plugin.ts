import type { ServicePlugin } from '../../src/kernel/service-context.ts';

export function createAuth(): ServicePlugin {
  return {
    name: 'auth',
    version: '0.1.0',
    init: () => undefined,
    health: async () => ({ status: 'up' }),
  };
}
