import type { ServicePlugin } from '../../src/kernel/service-context.ts';
import { describePlayback } from './openapi.ts';
import { PlaybackKeys } from './playback-keys.ts';
import { PlaybackRecords } from './playback-records.ts';
import { createPlayback } from './playback.ts';
import { SegmentMaps } from './segment-maps.ts';
import { TokenMemory } from './token-memory.ts';

/** Playback from R2: manifests, segments, images and the watch page. It goes on when every other service is down. */
export function createStreaming(): ServicePlugin {
  return {
    name: 'streaming',
    version: '0.1.0',
    init({ env, logger, metrics, services, contributions }) {
      contributions.routes.push(describePlayback());
      contributions.playback = createPlayback({
        media: env.MEDIA,
        assets: env.ASSETS,
        records: new PlaybackRecords(env.MEDIA),
        keys: new PlaybackKeys(env.MEDIA, logger),
        tokens: new TokenMemory(),
        maps: new SegmentMaps(env.MEDIA),
        metrics,
        findCache: () => services.find('cache'),
        findTranscoder: () => services.find('transcoder'),
      });
    },
    health: async () => ({ status: 'up' }),
  };
}
