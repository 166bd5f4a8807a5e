import type { ServicePlugin } from '../../src/kernel/service-context.ts';

export function createUpload(): ServicePlugin {
  return {
    name: 'upload',
    version: '0.1.0',
    init: () => undefined,
    health: async () => ({ status: 'up' }),
  };
}
