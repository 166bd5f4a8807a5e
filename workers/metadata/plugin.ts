import type { ServicePlugin } from '../../src/kernel/service-context.ts';

export function createMetadata(): ServicePlugin {
  return {
    name: 'metadata',
    version: '0.1.0',
    init: () => undefined,
    health: async () => ({ status: 'up' }),
  };
}
