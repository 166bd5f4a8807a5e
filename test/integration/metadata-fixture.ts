import { env } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/d1';

import '../../src/index.ts';
import { createRevision, createUid } from '../../src/contracts/ids.ts';
import type { MetadataApi, NewVideo } from '../../src/contracts/service-apis.ts';
import { outbox } from '../../src/db/outbox.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { ACCOUNT } from './accounts.ts';

export const STREAM = `/client/v4/accounts/${ACCOUNT}/stream`;

export async function metadata(): Promise<MetadataApi> {
  return (await serviceContext()).services.get('metadata');
}

/** A row in `pendingupload`. */
export async function aPendingVideo(fields: Partial<NewVideo> = {}): Promise<string> {
  const uid = createUid();
  await (
    await metadata()
  ).createVideo({ uid, accountId: ACCOUNT, name: 'film.mp4', meta: {}, ...fields });
  return uid;
}

export interface Run {
  readonly uid: string;
  readonly revision: string;
}

/** A row in `queued`, its source complete. */
export async function aQueuedVideo(fields: Partial<NewVideo> = {}): Promise<Run> {
  const run = { uid: await aPendingVideo(fields), revision: createRevision(Date.now()) };
  await (await metadata()).uploadCompleted({ ...run, sizeBytes: 1000 });
  return run;
}

/** A row in `ready`. */
export async function aReadyVideo(fields: Partial<NewVideo> = {}): Promise<Run> {
  const run = await aQueuedVideo(fields);
  const service = await metadata();
  await service.encodeStarted(run);
  await service.published({ ...run, durationSeconds: 12.5 });
  return run;
}

/** Event types that still wait in the outbox, one a subscriber. */
export async function eventsOf(uid: string): Promise<string[]> {
  const rows = await drizzle(env.DB).select().from(outbox);
  return rows.filter(({ event }) => event.subject === uid).map(({ event }) => event.type);
}
