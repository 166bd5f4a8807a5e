import type { ServicePlugin } from '../../src/kernel/service-context.ts';

export function createTranscoder(): ServicePlugin {
  return {
    name: 'transcoder',
    version: '0.1.0',
    init: () => undefined,
    health: async () => ({ status: 'up' }),
  };
}
