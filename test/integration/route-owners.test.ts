import { describe, expect, test } from 'vitest';

import { ownerOf } from '../../src/contracts/services.ts';
import type { ServicePlugin } from '../../src/kernel/service-context.ts';
import { ServiceDirectory } from '../../src/kernel/service-directory.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { createAuth } from '../../workers/auth/plugin.ts';
import { createCache } from '../../workers/cache/plugin.ts';
import { createMetadata } from '../../workers/metadata/plugin.ts';
import { createMonitor } from '../../workers/monitor/plugin.ts';
import { createStreaming } from '../../workers/streaming/plugin.ts';
import { createTranscoder } from '../../workers/transcoder/plugin.ts';
import { createUpload } from '../../workers/upload/plugin.ts';
import { createWorkerService } from '../../workers/worker/plugin.ts';

const PLUGINS = [
  createAuth,
  createCache,
  createMetadata,
  createMonitor,
  createStreaming,
  createTranscoder,
  createUpload,
  createWorkerService,
].map((create) => create());

interface Route {
  readonly method: string;
  readonly path: string;
}

async function routesOf(plugin: ServicePlugin): Promise<Route[]> {
  const context = await serviceContext();
  const contributions = { routes: [], queues: new Map(), jobs: [] } as typeof context.contributions;
  await plugin.init({ ...context, contributions, services: new ServiceDirectory() });
  return contributions.routes
    .flatMap((app) => app.routes)
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+(\{[^}]*\})?/g, 'x') }));
}

describe('ownerOf', () => {
  test.each(PLUGINS)('sends what $name answers to $name', async (plugin) => {
    const routes = await routesOf(plugin);
    // Playback has a door of its own.
    if (plugin.name !== 'streaming') expect(routes.length).toBeGreaterThan(0);
    const misled = routes.filter(({ method, path }) => ownerOf(method, path) !== plugin.name);
    expect(misled).toEqual([]);
  });

  test('playback belongs to streaming, whatever the method', () => {
    for (const path of ['/x/manifest/video.m3u8', '/x/watch', '/x/thumbnails/thumbnail.jpg'])
      expect(ownerOf('OPTIONS', path)).toBe('streaming');
  });
});
