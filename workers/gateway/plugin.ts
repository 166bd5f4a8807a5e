import type { ServiceContext, ServicePlugin } from '../../src/kernel/service-context.ts';
import { createApp } from './app.ts';
import { createPlaybackDoor } from './playback-door.ts';
import type { PlaybackDoor } from './playback-door.ts';

/** The gateway, and the request handler that it is for. It serves what the plugins of its kernel contributed. */
export interface Gateway extends ServicePlugin {
  fetch(request: Request, env: Env, execution: ExecutionContext): Promise<Response>;
}

export function createGateway(): Gateway {
  let context: ServiceContext | undefined;
  let app: ReturnType<typeof createApp> | undefined;
  let playback: PlaybackDoor | undefined;
  return {
    name: 'gateway',
    version: '0.1.0',
    init(given) {
      context = given;
    },
    start() {
      if (context === undefined) return;
      app = createApp(context);
      playback = createPlaybackDoor(context);
    },
    health: async () => ({ status: 'up' }),
    fetch: async (request, env, execution) => {
      if (app === undefined) throw new Error('the gateway has not started');
      return playback?.(request, execution) ?? app.fetch(request, env, execution);
    },
  };
}
