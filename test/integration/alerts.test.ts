import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import { serviceContext } from '../../src/kernel/worker-host.ts';
import { Alerts } from '../../workers/monitor/alerts.ts';
import { MonitorService } from '../../workers/monitor/service.ts';
import { call, seedToken } from './accounts.ts';

const MINUTE = 60_000;

interface ListedAlert {
  readonly id: string;
  readonly rule: string;
  readonly state: string;
  readonly acknowledgedBy?: string;
}

/** A point as monitor keeps it, with this many dead letters. */
async function seedPoint(at: number, deadLetters: number): Promise<void> {
  const zero = { requests: 0, serverErrors: 0, segments: 0, segmentBytes: 0, uploadBytes: 0 };
  const point = { ...zero, playbackStarts: 0, taskMediaSeconds: 0, latencyBuckets: [] };
  await env.DB.prepare('INSERT INTO metric_points (at, point) VALUES (?, ?)')
    .bind(at, JSON.stringify({ ...point, ready: true, deadLetters }))
    .run();
}

async function evaluate(now: number, deadLetters: number): Promise<void> {
  await seedPoint(now, deadLetters);
  await new Alerts(await serviceContext()).evaluate(now);
}

async function list(query = ''): Promise<ListedAlert[]> {
  const response = await call(`/api/v1/alerts${query}`);
  expect(response.status).toBe(200);
  return (await response.json<{ alerts: ListedAlert[] }>()).alerts;
}

async function announced(): Promise<[unknown, unknown][]> {
  const { results } = await env.DB.prepare(
    'SELECT announced_at, end_announced_at FROM alerts',
  ).all();
  return results.map((row) => [row['announced_at'], row['end_announced_at']]);
}

describe('alerts', () => {
  test('an alert begins once, is acknowledged, ends, and stays in the history', async () => {
    const now = Date.now();
    await evaluate(now, 3);
    await evaluate(now + MINUTE, 4);
    const [alert, ...more] = await list('?state=firing');
    expect(more).toEqual([]);
    expect(alert).toMatchObject({ rule: 'dead_letters', value: 3, peak: 4, threshold: 1 });
    const text = await (await call('/metrics')).text();
    expect(text).toContain('streamgate_alerts_firing{rule="dead_letters",severity="warning"} 1');

    const init = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const address = `/api/v1/alerts/${alert?.id}/acknowledge`;
    const first = await call(address, { ...init, body: JSON.stringify({ note: 'on it' }) });
    expect(await first.json()).toMatchObject({ note: 'on it', state: 'firing' });
    const again = await call(address, { ...init, body: JSON.stringify({ note: 'me too' }) });
    expect(await again.json()).toMatchObject({ note: 'on it' });

    await evaluate(now + 2 * MINUTE, 0);
    expect(await list('?state=firing')).toEqual([]);
    expect(await list('?state=resolved')).toMatchObject([{ id: alert?.id, state: 'resolved' }]);
    expect(await announced()).toEqual([[now, now + 2 * MINUTE]]);
  });

  test('a silenced alert is kept and told nobody; when the silence ends it is announced', async () => {
    const now = Date.now();
    const address = '/api/v1/alerts/rules/dead_letters/silence';
    const body = JSON.stringify({ minutes: 60, reason: 'we know' });
    const headers = { 'content-type': 'application/json' };
    expect((await call(address, { method: 'PUT', headers, body })).status).toBe(200);
    await evaluate(now, 1);
    expect(await list('?state=firing')).toHaveLength(1);
    expect(await announced()).toEqual([[null, null]]);
    const { rules } = await (
      await call('/api/v1/alerts/rules')
    ).json<{ rules: { name: string; phase: string; silencedUntil?: string }[] }>();
    const rule = rules.find(({ name }) => name === 'dead_letters');
    expect(rule).toMatchObject({ phase: 'firing', silencedUntil: expect.any(String) as string });
    expect((await call(address, { method: 'DELETE' })).status).toBe(204);
    await evaluate(now + MINUTE, 1);
    expect(await announced()).toEqual([[now + MINUTE, null]]);
  });

  test('says which input is wrong, and is for operators only', async () => {
    await seedToken('reader-token', ['metrics:read', 'jobs:read']);
    expect((await call('/api/v1/alerts', {}, 'reader-token')).status).toBe(403);
    expect((await call('/api/v1/alerts', {}, '')).status).toBe(401);
    expect((await call('/api/v1/alerts/alr_none')).status).toBe(404);
    expect((await call('/api/v1/alerts?state=sad')).status).toBe(400);
    const put = (rule: string, body: object): Promise<Response> =>
      call(`/api/v1/alerts/rules/${rule}/silence`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await put('made_up', { minutes: 5, reason: 'x' })).status).toBe(404);
    const refused = await put('dead_letters', { minutes: 0, reason: 'x' });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ pointer: '/minutes' });
  });
});

describe('the sample of a minute', () => {
  test('is a point of the last day and of the history of readiness', async () => {
    const context = await serviceContext();
    const service = new MonitorService(context);
    const now = Date.now();
    await service.sample(now - 10 * MINUTE);
    context.metrics.count('streamgate_upload_bytes_total', {}, 6_000_000);
    await context.metrics.flush();
    await context.metrics.flush();
    await service.sample(now - 2 * MINUTE);
    const status = await (
      await call('/api/v1/status')
    ).json<{ samples: unknown[]; series: Record<string, number[]>; workload: object }>();
    expect(status.samples).toHaveLength(2);
    expect(status.workload).toMatchObject({ queued: 0, inProgress: 0 });
    const { at = [], uploadBytesPerSecond = [] } = status.series;
    expect(at).toEqual([now - 2 * MINUTE]);
    expect(uploadBytesPerSecond[0]).toBeGreaterThanOrEqual(12_500);
  });
});
