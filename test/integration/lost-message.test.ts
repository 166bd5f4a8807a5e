import { env } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/d1';
import { expect, test } from 'vitest';

import { jobIdOf } from '../../src/contracts/ids.ts';
import { outbox } from '../../src/db/outbox.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { ACCOUNT } from './accounts.ts';
import { aPendingVideo, metadata } from './metadata-fixture.ts';

/** As long as the sweeper's round takes, with room. */
const SWEPT_WITHIN_MS = 25_000;

test('a lost queue message only delays the job: the sweeper sends the event again', async () => {
  const db = drizzle(env.DB);
  const { events } = await serviceContext();
  const uid = await aPendingVideo();
  const revision = '01m00000000000000000000000';
  const send = events.send.bind(events);
  events.send = async () => undefined;
  await (await metadata()).uploadCompleted({ uid, revision, sizeBytes: 1000 });
  events.send = send;
  await db.update(outbox).set({ dueAt: 0 });
  const job = (): Promise<unknown> =>
    env.DB.prepare('SELECT id, account_id FROM jobs WHERE uid = ?').bind(uid).first();
  expect(await job()).toBeNull();
  await expect
    .poll(job, { timeout: SWEPT_WITHIN_MS, interval: 500 })
    .toEqual({ id: jobIdOf(revision), account_id: ACCOUNT });
}, 40_000);
