import type { ServicePlugin } from '../../src/kernel/service-context.ts';

export function createStreaming(): ServicePlugin {
  return {
    name: 'streaming',
    version: '0.1.0',
    init: () => undefined,
    health: async () => ({ status: 'up' }),
  };
}
