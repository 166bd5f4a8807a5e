import type { Plugin } from '../../src/kernel/plugin.ts';
import { chooseEngine } from './choose-engine.ts';
import type { EncoderContext } from './encoder-context.ts';

/** Finds the ffmpeg that this process encodes with. */
export function createEnginePlugin(): Plugin<EncoderContext> {
  let context: EncoderContext;
  return {
    name: 'engine',
    version: '1.0.0',
    async init(given) {
      context = given;
      context.engine = await chooseEngine(context.config.engine);
      const { name, sandbox } = context.engine;
      context.logger.info('engine.chosen', { engine: name, sandbox });
    },
    health: async () => ({
      status: context.engine === undefined ? 'down' : 'up',
      details: { engine: context.engine?.name, sandbox: context.engine?.sandbox },
    }),
  };
}
