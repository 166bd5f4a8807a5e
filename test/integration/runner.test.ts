import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, expect, test, vi } from 'vitest';

import type { TranscodeJob } from '../../durable-objects/transcode-job.ts';
import { TASK_PROTOCOL_VERSION } from '../../src/contracts/task-protocol.ts';
import type { EncoderHealth } from '../../src/contracts/task-protocol.ts';
import { ENGINE, anEncodingJob, seedJob, stateOf } from './job-fixture.ts';
import { aQueuedVideo, metadata } from './metadata-fixture.ts';

const HEALTH: EncoderHealth = {
  status: 'ok',
  version: TASK_PROTOCOL_VERSION,
  engine: ENGINE,
  slots: 1,
  busy: 0,
};

afterEach(() => {
  vi.restoreAllMocks();
});

const runner = (): ReturnType<typeof env.TRANSCODER.getByName> =>
  env.TRANSCODER.getByName('runner-0');

/** An encoder that is healthy and answers a task so. */
function anEncoder(run: (signal: AbortSignal) => Promise<Response>): void {
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (url.endsWith('/health')) return Response.json(HEALTH);
    if (!(init?.signal instanceof AbortSignal)) throw new Error('no signal');
    return run(init.signal);
  });
}

/** Until the signal is aborted nothing is heard. */
function frozen(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

async function aWaitingJob(): Promise<{ id: string; stub: DurableObjectStub<TranscodeJob> }> {
  const run = await aQueuedVideo();
  await (await metadata()).encodeStarted(run);
  const state = anEncodingJob(run);
  return { id: state.id, stub: await seedJob(state) };
}

function isFree(): Promise<boolean> {
  return runInDurableObject(runner(), (object) => object['run'] === undefined);
}

test('an encoder that refuses our tasks costs no attempt', async () => {
  anEncoder(async () => new Response('{}', { status: 401 }));
  const { id, stub } = await aWaitingJob();
  expect(await runner().offer(id)).toBe('started');
  await expect.poll(isFree).toBe(true);
  const attempts = async (): Promise<unknown> =>
    (await stateOf(stub)).tasks.flatMap((task) => task.attempts.map(({ outcome }) => outcome));
  await expect.poll(attempts).toEqual(['accepted', 'unavailable']);
});

test('the end of a lease frees the runner of an encoder that hangs', async () => {
  anEncoder(frozen);
  const { id, stub } = await aWaitingJob();
  expect(await runner().offer(id)).toBe('started');
  expect(await isFree()).toBe(false);
  const now = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => now + 25_000);
  await stub.poke();
  await runDurableObjectAlarm(stub);
  await expect.poll(isFree).toBe(true);
});

test('an encoder that never answers a task frees its runner by itself', async () => {
  anEncoder(frozen);
  const { id } = await aWaitingJob();
  expect(await runner().offer(id)).toBe('started');
  await expect.poll(isFree, { timeout: 20_000, interval: 500 }).toBe(true);
});
