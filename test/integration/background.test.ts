import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { serviceContext } from '../../src/kernel/worker-host.ts';
import { call, seedToken } from './accounts.ts';
import { post } from './auth-client.ts';
import { aReadyVideo } from './metadata-fixture.ts';

interface Listed {
  readonly name: string;
  readonly paused: boolean;
  readonly failures: number;
  readonly nextDueAt?: string;
  readonly lastRun?: { readonly outcome: string; readonly durationMs: number };
}

async function schedule(name: string): Promise<Listed | undefined> {
  const { schedules } = await (await call('/api/v1/background')).json<{ schedules: Listed[] }>();
  return schedules.find((each) => each.name === name);
}

async function round(): Promise<void> {
  await runDurableObjectAlarm(env.SWEEPER.getByName('sweeper'));
}

describe('scheduled work', () => {
  test('is listed with its last run after a round', async () => {
    await env.SWEEPER.getByName('sweeper').arm();
    await round();
    expect(await schedule('metadata.delete-due')).toMatchObject({
      paused: false,
      failures: 0,
      lastRun: { outcome: 'ok' },
      nextDueAt: expect.any(String),
    });
  });

  test('deletes a video whose scheduledDeletion has come', async () => {
    const { uid } = await aReadyVideo();
    await env.DB.prepare('UPDATE videos SET scheduled_deletion = ? WHERE uid = ?')
      .bind(Date.now() - 1000, uid)
      .run();
    await post('/api/v1/background/schedules/metadata.delete-due/run');
    await round();
    const video = await call(`/client/v4/accounts/default/stream/${uid}`);
    expect(video.status).toBe(404);
  });

  test('that is paused runs when asked to and not otherwise', async () => {
    await post('/api/v1/background/schedules/monitor.sample/pause');
    await env.SWEEPER.getByName('sweeper').arm();
    await round();
    const paused = await schedule('monitor.sample');
    expect(paused).toMatchObject({ paused: true });
    expect(paused?.lastRun).toBeUndefined();
    expect(paused?.nextDueAt).toBeUndefined();
    await post('/api/v1/background/schedules/monitor.sample/run');
    await round();
    expect((await schedule('monitor.sample'))?.lastRun).toMatchObject({ outcome: 'ok' });
    const resumed = await post('/api/v1/background/schedules/monitor.sample/resume');
    expect(await resumed.json()).toMatchObject({ paused: false });
  });

  test('of another name is 404, and it is for operators only', async () => {
    const unknown = await post('/api/v1/background/schedules/nonsense/run');
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ code: 'schedule.not_found' });
    await seedToken('reader-token-0123456789', ['videos:read']);
    expect((await call('/api/v1/background', {}, 'reader-token-0123456789')).status).toBe(403);
  });
});

describe('dead letters', () => {
  test('of both queues are listed by type, replayed and dismissed', async () => {
    const { services } = await serviceContext();
    for (const [id, type] of [
      ['dlt_a', 'permit'],
      ['dlt_b', 'unreadable'],
    ] as const) {
      const letter = {
        ...{ id, queue: 'transcode' as const, type, subject: 'job_x', body: { jobId: 'job_x' } },
        ...{ attempts: 5, reason: 'silent' },
      };
      await services.get('worker').recordDeadLetter(letter);
      await services.get('worker').recordDeadLetter(letter);
    }
    await aReadyVideo();
    await env.DB.prepare("UPDATE outbox SET dead_at = ? WHERE subscriber = 'monitor.count'")
      .bind(Date.now())
      .run();
    const list = async (query = ''): Promise<{ id: string; type: string }[]> =>
      (
        await (
          await call(`/api/v1/background/dead-letters${query}`)
        ).json<{ deadLetters: { id: string; type: string }[] }>()
      ).deadLetters;
    expect((await list()).map(({ type }) => type).toSorted()).toEqual([
      'permit',
      'unreadable',
      'video.ready',
    ]);
    expect(await list('?queue=events&type=video.failed')).toEqual([]);
    expect(await list('?type=video.ready')).toHaveLength(1);

    expect((await post('/api/v1/background/dead-letters/dlt_b/replay')).status).toBe(400);
    const all = await post('/api/v1/background/dead-letters/replay', { type: 'video.ready' });
    expect(await all.json()).toEqual({ replayed: 1, hasMore: false });
    expect((await post('/api/v1/background/dead-letters/dlt_a/replay')).status).toBe(202);
    const dismissed = await call('/api/v1/background/dead-letters/dlt_b', { method: 'DELETE' });
    expect(dismissed.status).toBe(204);
    expect(await list()).toEqual([]);
    const again = await call('/api/v1/background/dead-letters/dlt_b', { method: 'DELETE' });
    expect(await again.json()).toMatchObject({ code: 'dead_letter.not_found' });
  });
});
