import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { verifyOutput } from '../../workers/transcoder/verify-output.ts';
import { aPublishingJob, seedJob, stateOf } from './job-fixture.ts';
import { aQueuedVideo, metadata } from './metadata-fixture.ts';
import type { Run } from './metadata-fixture.ts';

async function aStartedVideo(): Promise<Run> {
  const run = await aQueuedVideo();
  await (await metadata()).encodeStarted(run);
  return run;
}

describe('an accepted output', () => {
  test.each<[string, (key: string) => Promise<unknown>]>([
    ['was deleted', (key) => env.MEDIA.delete(key)],
    ['was cut', (key) => env.MEDIA.put(key, new Uint8Array(99))],
    ['was replaced', (key) => env.MEDIA.put(key, new Uint8Array(100).fill(1))],
  ])('that %s before publishing is made again', async (_name, damage) => {
    const { state, key } = await aPublishingJob(await aStartedVideo());
    await damage(key);
    const stub = await seedJob(state);
    await stub.poke();
    await runDurableObjectAlarm(stub);
    const after = await stateOf(stub);
    expect(after.phase).toBe('encoding');
    const task = after.tasks.find(({ spec }) => spec.kind === 'audio');
    expect(task).toMatchObject({ state: 'waiting', attempts: [{ outcome: 'lost' }] });
  });
});

describe('verifyOutput', () => {
  const key = 'videos/verify/output';
  const jpeg = Uint8Array.from([0xff, 0xd8, 0xff, 1, 2, 3]);

  async function verify(stored: Uint8Array): Promise<unknown> {
    await env.MEDIA.put(key, stored);
    const digest = await crypto.subtle.digest('SHA-256', jpeg);
    const sha256 = Buffer.from(digest).toString('hex');
    const facts = { codec: 'h264', width: 2, height: 2, rotation: 0, pixelFormat: 'yuv420p' };
    const more = { interlaced: false, hdr: false, durationSeconds: 1, startSeconds: 0, packets: 1 };
    const frameRate = { numerator: 25, denominator: 1 };
    const spec = {
      kind: 'poster',
      facts: { ...facts, ...more, frameRate },
      atSeconds: 0,
      width: 2,
      height: 2,
    } as const;
    return verifyOutput(
      { bucket: env.MEDIA, keyOf: () => key, spec, epoch: 1, onProgress: () => undefined },
      { kind: 'poster', parts: [{ sizeBytes: jpeg.length, sha256 }], engine: 'ffmpeg' },
    );
  }

  test('takes what is read back as it was reported', async () => {
    expect(await verify(jpeg)).toMatchObject({ epoch: 1, parts: [6], renditions: [] });
  });

  test('refuses output of which one byte differs in the store, is cut or is gone', async () => {
    await expect(verify(jpeg.with(5, 4))).rejects.toThrow('another hash');
    await expect(verify(jpeg.slice(0, 5))).rejects.toThrow('has 5 bytes, reported 6');
  });
});
