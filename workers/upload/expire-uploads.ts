import type { BackgroundJob, ServiceContext } from '../../src/kernel/service-context.ts';
import type { UploadService } from './service.ts';
import { listOverdue } from './upload-rows.ts';

const EVERY_MS = 60_000;
/** How long after its time an upload is left to its own alarm. */
const GRACE_MS = 5 * 60_000;
const BATCH = 50;

/** The second net below the sessions' own alarms: ends uploads that are open past their time. */
export function createExpireJob(context: ServiceContext, service: UploadService): BackgroundJob {
  return {
    name: 'upload.expire',
    everyMs: EVERY_MS,
    run: async (now) => {
      const rows = await listOverdue(context.db, now - GRACE_MS, BATCH);
      const results = await Promise.allSettled(rows.map((row) => service.expire(row)));
      for (const [index, result] of results.entries()) {
        if (result.status === 'fulfilled') continue;
        const uploadId = rows[index]?.id;
        context.logger.warn('upload.expire.failed', { uploadId, error: result.reason });
      }
      return rows.length === BATCH;
    },
  };
}
