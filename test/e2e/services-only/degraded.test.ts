import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { chooseEngine } from '../../../containers/transcoder/choose-engine.ts';
import type { EncoderEngine } from '../../../containers/transcoder/engine.ts';
import { checkPlayback } from '../../../scripts/check-playback.ts';
import { ApiClient } from '../../../scripts/client.ts';
import { startPlatform } from '../../../scripts/platform.ts';
import type { Platform } from '../../../scripts/platform.ts';
import { freePort } from '../../../scripts/ports.ts';
import type { ServiceName } from '../../../src/contracts/services.ts';
import { clipFile } from '../../fixtures/clips.ts';
import { ADMIN_TOKEN } from '../running-platform.ts';
import { createFaultyServices } from './faulty-services.ts';
import type { Fault, FaultyServices } from './faulty-services.ts';

const READY_DEADLINE_MS = 120_000;
const HEALED_DEADLINE_MS = 60_000;
/** Everything that playback of a video that is there does not need. */
const NOT_FOR_PLAYBACK: readonly ServiceName[] = [
  'metadata',
  'upload',
  'worker',
  'monitor',
  'cache',
  'transcoder',
];

let folder: string;
let engine: EncoderEngine;
let faults: FaultyServices;
let platform: Platform;
let client: ApiClient;
/** A protected video's manifest, by a token from before anything failed. */
let manifest = '';
let accessToken = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamgate-degraded-'));
  engine = await chooseEngine('auto');
  faults = await createFaultyServices(join(folder, 'entries'), [...NOT_FOR_PLAYBACK, 'auth']);
  await start();
  const { uid } = await client.upload(await clipFile(engine, 'one-second.mp4'));
  await client.untilSettled(uid, READY_DEADLINE_MS);
  await client.editVideo(uid, { requireSignedURLs: true });
  manifest = `/${await client.playbackToken(uid)}/manifest/video.m3u8`;
  ({ accessToken } = await client.json<{ accessToken: string }>('/api/v1/auth/token', {
    method: 'POST',
  }));
}, 300_000);

afterAll(async () => {
  await platform?.stop();
  faults?.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(only?: readonly ServiceName[]): Promise<void> {
  platform = await startPlatform({
    port: await freePort(),
    persistTo: join(folder, 'state'),
    adminToken: ADMIN_TOKEN,
    variables: { FAULT_URL: faults.url },
    services: { entries: faults.entries, ...(only && { only }) },
  });
  client = new ApiClient(platform.url, ADMIN_TOKEN);
}

async function expectPlayback(): Promise<void> {
  const renditions = await checkPlayback(`${platform.url}${manifest}`, engine);
  expect(renditions.length).toBeGreaterThan(1);
}

/** The service that a refusal names. */
async function refusalOf(path: string, by: ApiClient = client): Promise<string> {
  const response = await by.send(path);
  expect(response.status).toBe(503);
  const { detail } = (await response.json()) as { detail: string };
  return /The (\w+) service/.exec(detail)?.[1] ?? detail;
}

async function downOnes(): Promise<string[]> {
  type Health = { plugins: Record<string, { status: string }> };
  const { plugins } = (await (await fetch(`${platform.url}/health`)).json()) as Health;
  return Object.keys(plugins).filter((name) => plugins[name]?.status === 'down');
}

async function untilHealed(): Promise<void> {
  faults.heal();
  await expect.poll(downOnes, { timeout: HEALED_DEADLINE_MS, interval: 1000 }).toEqual([]);
}

describe.each<Fault>(['throws', 'hangs'])('a service that %s', (fault) => {
  test('degrades only what depends on it: existing videos play on without six of the nine', async () => {
    faults.order(NOT_FOR_PLAYBACK, fault);
    await expectPlayback();
    expect((await fetch(`${platform.url}/health/live`)).status).toBe(200);
    expect((await downOnes()).toSorted()).toEqual(NOT_FOR_PLAYBACK.toSorted());
    expect(await refusalOf('/api/v1/uploads/upl_x')).toBe('upload');
    expect(await refusalOf('/api/v1/jobs')).toBe('transcoder');
    expect((await client.send('/api/v1/tokens')).status).toBe(200);
    await untilHealed();
  });

  test('auth: tokens that were issued go on, and nobody is told that his token is bad', async () => {
    const holder = new ApiClient(platform.url, accessToken);
    expect((await holder.send('/api/v1/jobs')).status).toBe(200);
    faults.order(['auth'], fault);
    await expectPlayback();
    expect((await holder.send('/api/v1/jobs')).status).toBe(200);
    expect(await refusalOf('/api/v1/jobs')).toBe('auth');
    await untilHealed();
    expect((await client.send('/api/v1/jobs')).status).toBe(200);
  });
});

test('when the service is back, what was refused works and nothing was lost', async () => {
  const { uid } = await client.upload(await clipFile(engine, 'one-second.mp4'));
  const { status } = await client.untilSettled(uid, READY_DEADLINE_MS);
  expect(status.state).toBe('ready');
  await expect
    .poll(() => client.json('/api/v1/status'), { timeout: HEALED_DEADLINE_MS, interval: 1000 })
    .toMatchObject({ outbox: { waiting: 0, dead: 0 } });
});

test('/health tells deadlines, retries and breakers of every service', async () => {
  type Calls = { breaker: string; retries: number; deadlinesMs: Record<string, number> };
  type Health = { plugins: Record<string, { details?: { calls?: Calls } }> };
  const { plugins } = (await (await fetch(`${platform.url}/health`)).json()) as Health;
  for (const name of [...NOT_FOR_PLAYBACK, 'auth', 'streaming']) {
    const calls = plugins[name]?.details?.calls;
    expect(calls).toMatchObject({ breaker: 'closed', retries: expect.any(Number) });
    expect(calls?.deadlinesMs['serviceHealth']).toBeGreaterThan(0);
  }
});

test('a service that is missing: videos play, and the rest names it', async () => {
  await platform.stop();
  await start(['auth', 'streaming']);
  await expectPlayback();
  expect(await refusalOf('/api/v1/jobs')).toBe('transcoder');
  expect(await refusalOf('/client/v4/accounts/default/stream').catch(() => '')).not.toBe('auth');
  type Services = { services: { name: ServiceName; status: string }[] };
  const { services } = await client.json<Services>('/api/v1/services');
  const absent = services.filter(({ status }) => status === 'absent').map(({ name }) => name);
  expect(absent.toSorted()).toEqual(NOT_FOR_PLAYBACK.toSorted());
});
