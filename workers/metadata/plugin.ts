import type { ServiceContext, ServicePlugin } from '../../src/kernel/service-context.ts';
import { videoRoutes } from './routes.ts';
import { MetadataService } from './service.ts';
import { VideoMoves } from './video-moves.ts';
import { VideoRemoval } from './video-removal.ts';

const DELETE_DUE_EVERY_MS = 60_000;
const PURGE_EVERY_MS = 60_000;
const REPLACED_RUNS_EVERY_MS = 3600_000;
const ORPHANS_EVERY_MS = 10 * 60_000;

/** Videos and what hangs on them. */
export function createMetadata(): ServicePlugin {
  let context: ServiceContext | undefined;
  return {
    name: 'metadata',
    version: '0.1.0',
    init(given) {
      context = given;
      const moves = new VideoMoves(given);
      const removal = new VideoRemoval(given, moves);
      const service = new MetadataService(given, moves, removal);
      const { contributions, events, services } = given;
      services.provide('metadata', service);
      contributions.routes.push(videoRoutes(service, removal));
      contributions.jobs.push(
        {
          name: 'metadata.delete-due',
          everyMs: DELETE_DUE_EVERY_MS,
          run: (now) => removal.deleteDue(now),
        },
        {
          name: 'metadata.purge-deleted',
          everyMs: PURGE_EVERY_MS,
          run: (now) => removal.purgeDeleted(now),
        },
        {
          name: 'metadata.replaced-runs',
          everyMs: REPLACED_RUNS_EVERY_MS,
          run: (now) => removal.removeReplacedRuns(now),
        },
        {
          name: 'metadata.orphans',
          everyMs: ORPHANS_EVERY_MS,
          run: (now) => removal.removeOrphans(now),
        },
      );
      for (const type of ['video.ready', 'video.failed', 'video.updated'] as const) {
        events.subscribe(type, 'metadata.publish-playback', ({ data }) =>
          moves.publishPlayback(data.uid),
        );
      }
      events.subscribe('video.ready', 'metadata.remove-old-runs', (event) =>
        removal.removeOldRuns(event),
      );
      events.subscribe('video.deleted', 'metadata.purge', (event) => removal.purge(event));
    },
    async health() {
      await context?.env.DB.prepare('SELECT 1').first();
      return { status: 'up' };
    },
  };
}
