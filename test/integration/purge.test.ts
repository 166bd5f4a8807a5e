import { env } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/d1';
import { expect, test } from 'vitest';

import { sourceKey, videoPrefix } from '../../src/contracts/object-keys.ts';
import { outbox } from '../../src/db/outbox.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { call } from './accounts.ts';
import { STREAM, aReadyVideo, eventsOf } from './metadata-fixture.ts';

const HOUR_MS = 3600_000;

test('a deleted video whose events were given up is purged in the background', async () => {
  const { contributions, events } = await serviceContext();
  const job = contributions.jobs.find(({ name }) => name === 'metadata.purge-deleted');
  const { uid } = await aReadyVideo();
  await env.MEDIA.put(sourceKey(uid), 'x');
  const send = events.send.bind(events);
  events.send = async () => undefined;
  expect((await call(`${STREAM}/${uid}`, { method: 'DELETE' })).status).toBe(200);
  events.send = send;
  await drizzle(env.DB).update(outbox).set({ deadAt: Date.now() });

  await job?.run(Date.now());
  expect((await env.MEDIA.list({ prefix: videoPrefix(uid) })).objects).not.toEqual([]);
  await job?.run(Date.now() + HOUR_MS);
  expect((await env.MEDIA.list({ prefix: videoPrefix(uid) })).objects).toEqual([]);
  const row = env.DB.prepare('SELECT uid FROM videos WHERE uid = ?').bind(uid);
  expect(await row.first()).toBeNull();
  expect(await eventsOf(uid)).not.toContain('video.deleted');
});
