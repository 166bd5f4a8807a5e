import { env } from 'cloudflare:workers';
import { afterEach, expect, test, vi } from 'vitest';

import { createEvent } from '../../src/kernel/event-bus.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { TranscoderService } from '../../workers/transcoder/service.ts';
import { ACCOUNT } from './accounts.ts';
import { anEncodingJob, seedJob } from './job-fixture.ts';
import { aQueuedVideo, metadata } from './metadata-fixture.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('a start that a purge overtook leaves no job', async () => {
  const service = new TranscoderService(await serviceContext());
  const run = await aQueuedVideo();
  const api = await metadata();
  const findVideo = api.findVideo.bind(api);
  vi.spyOn(api, 'findVideo').mockImplementationOnce(async (accountId, uid) => {
    const video = await findVideo(accountId, uid);
    await service.cancelForVideo(uid);
    await env.DB.prepare('DELETE FROM videos WHERE uid = ?').bind(uid).run();
    return video;
  });
  const data = { ...run, accountId: ACCOUNT, sizeBytes: 1000 };
  const options = { source: 'test', run: run.revision, now: Date.now() };
  await service.startJob(createEvent('video.uploaded', data, options));
  const rows = await env.DB.prepare('SELECT id FROM jobs WHERE uid = ?').bind(run.uid).all();
  expect(rows.results).toEqual([]);
});

test('a job that waits because no encoder is configured says so', async () => {
  const service = new TranscoderService(await serviceContext());
  const run = await aQueuedVideo();
  const { id } = anEncodingJob(run);
  await env.DB.prepare(
    `INSERT OR IGNORE INTO jobs (id, uid, account_id, revision, state, created_at, updated_at)
     VALUES (?, ?, ?, ?, 'queued', 0, 0)`,
  )
    .bind(id, run.uid, ACCOUNT, run.revision)
    .run();
  await seedJob(anEncodingJob(run));
  const { waiting } = await service.describe(ACCOUNT, id);
  expect(waiting).toContain('TRANSCODER_URL');
});
