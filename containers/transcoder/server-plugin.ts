import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Plugin } from '../../src/kernel/plugin.ts';
import type { EncoderContext } from './encoder-context.ts';
import { ImageServer } from './image-server.ts';
import { createEncoderServer } from './server.ts';
import { prepareSource } from './prepare-source.ts';
import { SourceCache } from './source-cache.ts';
import { TaskRunner } from './task-runner.ts';

interface Running {
  readonly server: Server;
  readonly runner: TaskRunner;
  readonly images: ImageServer;
  readonly sources: SourceCache;
}

/** Serves tasks over HTTP; when it stops, every running task is handed back first. */
export function createServerPlugin(): Plugin<EncoderContext> {
  let context: EncoderContext;
  let running: Running | undefined;
  return {
    name: 'server',
    version: '1.0.0',
    dependsOn: ['engine'],
    init(given) {
      context = given;
    },
    async start() {
      running = await serve(context);
    },
    async stop() {
      if (running === undefined) return;
      const { server, runner, images, sources } = running;
      const closed = once(server, 'close');
      server.close();
      await Promise.all([runner.stop(), images.stop()]);
      server.closeAllConnections();
      await Promise.all([closed, sources.clear()]);
    },
    health: async () => ({
      status: running === undefined ? 'down' : 'up',
      details: { busy: running?.runner.busy },
    }),
  };
}

async function serve({ config, engine, logger, root }: EncoderContext): Promise<Running> {
  if (engine === undefined) throw new Error('no engine was chosen');
  const sources = new SourceCache({
    root,
    maxBytes: config.sourceCacheBytes,
    prepare: (path, signal) => prepareSource(engine, path, signal),
  });
  const runner = new TaskRunner(config.slots, { engine, sources, root, threads: config.threads });
  const images = new ImageServer({ engine, root, threads: config.threads });
  const server = createEncoderServer({ secret: config.secret, runner, images, logger });
  server.listen(config.port, config.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  logger.info('encoder.listening', { host: config.host, port, slots: config.slots });
  return { server, runner, images, sources };
}
