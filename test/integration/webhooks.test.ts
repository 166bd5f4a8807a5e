import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';

import type { CloudEvent } from '../../src/contracts/events.ts';
import { createEvent } from '../../src/kernel/event-bus.ts';
import { serviceContext } from '../../src/kernel/worker-host.ts';
import { announceEvent } from '../../workers/worker/announce.ts';
import { sendDue } from '../../workers/worker/send-deliveries.ts';
import { ACCOUNT, call, seedToken } from './accounts.ts';
import { post } from './auth-client.ts';
import { aReadyVideo } from './metadata-fixture.ts';

const STREAM_WEBHOOK = `/client/v4/accounts/${ACCOUNT}/stream/webhook`;
const OTHER_TOKEN = 'other-account-token-0123456789';

interface Webhook {
  readonly id: string;
  readonly secret: string;
  readonly enabled: boolean;
}

interface Delivery {
  readonly id: string;
  readonly eventType: string;
  readonly state: string;
  readonly attempts: readonly { readonly error?: string }[];
}

async function aWebhook(fields: Record<string, unknown> = {}): Promise<Webhook> {
  const response = await post('/api/v1/webhooks', { url: 'https://hooks.example.com/', ...fields });
  expect(response.status).toBe(201);
  return response.json<Webhook>();
}

async function deliveriesOf(id: string): Promise<Delivery[]> {
  const response = await call(`/api/v1/webhooks/${id}/deliveries`);
  return (await response.json<{ deliveries: Delivery[] }>()).deliveries;
}

function put(path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return call(path, { method: 'PUT', headers, body: JSON.stringify(body) });
}

function patch(path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return call(path, { method: 'PATCH', headers, body: JSON.stringify(body) });
}

function readyEvent(run: { uid: string; revision: string }): CloudEvent<'video.ready'> {
  const data = { ...run, accountId: ACCOUNT };
  return createEvent('video.ready', data, { source: 'test', run: run.revision, now: Date.now() });
}

describe('a webhook', () => {
  test('shows its secret when it is made, and never after', async () => {
    const { id, secret } = await aWebhook();
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    const shown = await (await call(`/api/v1/webhooks/${id}`)).text();
    expect(shown).not.toContain(secret);
    const row = await env.DB.prepare('SELECT * FROM webhooks').first();
    expect(JSON.stringify(row)).not.toContain(secret);
  });

  test('made twice with one key is one; with another wish it is refused', async () => {
    const make = (url: string): Promise<Response> =>
      call('/api/v1/webhooks', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'k1' },
        body: JSON.stringify({ url }),
      });
    const first = await (await make('https://a.example.com/')).json<Webhook>();
    expect(await (await make('https://a.example.com/')).json()).toEqual(first);
    const other = await make('https://b.example.com/');
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: 'request.key_reused' });
  });

  test.each([
    [{ url: 'http://example.com/' }, '/url'],
    [{ url: 'https://127.0.0.1/' }, '/url'],
    [{ url: 'https://[::ffff:a9fe:a9fe]/' }, '/url'],
    [{ url: 'https://example.com/', events: ['video.exploded'] }, '/events/0'],
    [{ url: 'https://example.com/', events: [] }, '/events'],
    [{ url: 'https://example.com/', secret: 'mine' }, '/secret'],
  ])('refuses %j and names the field', async (body, pointer) => {
    const response = await post('/api/v1/webhooks', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'request.invalid', pointer });
  });

  test("is nobody else's: another account sees none, and alerts need an admin", async () => {
    await seedToken(OTHER_TOKEN, ['webhooks:read', 'webhooks:write'], 'other');
    const { id } = await aWebhook();
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/deliveries'],
      ['POST', '/ping'],
    ] as const) {
      const response = await call(`/api/v1/webhooks/${id}${path}`, { method }, OTHER_TOKEN);
      expect([method, path, response.status]).toEqual([method, path, 404]);
    }
    const wish = { url: 'https://example.com/', events: ['alert.triggered'] };
    expect((await post('/api/v1/webhooks', wish, OTHER_TOKEN)).status).toBe(403);
    expect((await post('/api/v1/webhooks', wish)).status).toBe(201);
  });

  test('an account may have fifty', async () => {
    for (let made = 0; made < 50; made += 1) await aWebhook();
    const response = await post('/api/v1/webhooks', { url: 'https://example.com/' });
    expect(await response.json()).toMatchObject({ code: 'webhook.too_many' });
  });
});

describe('an event', () => {
  test('makes one delivery a webhook that wants it, however often it comes', async () => {
    const all = await aWebhook({ enabled: true });
    const failures = await aWebhook({ events: ['video.failed'] });
    const off = await aWebhook({ enabled: false });
    const run = await aReadyVideo();
    const context = await serviceContext();
    const event = readyEvent(run);
    await announceEvent(context, event);
    await announceEvent(context, event);
    expect(await deliveriesOf(all.id)).toMatchObject([{ eventType: 'video.ready' }]);
    expect(await deliveriesOf(failures.id)).toEqual([]);
    expect(await deliveriesOf(off.id)).toEqual([]);
    const [{ id } = { id: '' }] = await deliveriesOf(all.id);
    const one = await call(`/api/v1/webhooks/${all.id}/deliveries/${id}`);
    const { body } = await one.json<{ body: string }>();
    expect(JSON.parse(body)).toMatchObject({ uid: run.uid, status: { state: 'ready' } });
  });

  test('is tried again when a receiver fails, one delivery at a time, and the webhook is switched off after days', async () => {
    const { id } = await aWebhook();
    // An address that became forbidden since: every attempt fails, and nothing leaves the machine.
    await env.DB.prepare("UPDATE webhooks SET url = 'https://127.0.0.1/'").run();
    const context = await serviceContext();
    await announceEvent(context, readyEvent(await aReadyVideo()));
    await sendDue(context, id);
    const [delivery] = await deliveriesOf(id);
    expect(delivery).toMatchObject({
      state: 'pending',
      attempts: [{ error: expect.stringContaining('private network') }],
    });
    const shown = await (await call(`/api/v1/webhooks/${id}`)).json();
    expect(shown).toMatchObject({ failures: 1, enabled: true });

    await env.DB.prepare('UPDATE webhooks SET failures = 30, failing_since = ?, not_before = 0')
      .bind(Date.now() - 73 * 3600_000)
      .run();
    await env.DB.prepare('UPDATE webhook_deliveries SET due_at = 0').run();
    await sendDue(context, id);
    const disabled = await (await call(`/api/v1/webhooks/${id}`)).json();
    expect(disabled).toMatchObject({
      enabled: false,
      disabledReason: expect.stringContaining('31 attempts failed'),
    });
    const again = await patch(`/api/v1/webhooks/${id}`, { enabled: true });
    expect(await again.json()).toMatchObject({ enabled: true, failures: 0 });
  });

  test('is given up after a day and can be replayed', async () => {
    const { id } = await aWebhook();
    await env.DB.prepare("UPDATE webhooks SET url = 'https://127.0.0.1/'").run();
    const context = await serviceContext();
    await announceEvent(context, readyEvent(await aReadyVideo()));
    await env.DB.prepare('UPDATE webhook_deliveries SET since = ?, attempts = 14')
      .bind(Date.now() - 24 * 3600_000)
      .run();
    await sendDue(context, id);
    const [given] = await deliveriesOf(id);
    expect(given).toMatchObject({ state: 'failed' });
    const replayed = await post(`/api/v1/webhooks/${id}/deliveries/${given?.id}/replay`);
    expect(replayed.status).toBe(202);
    expect(await replayed.json()).toMatchObject({ state: 'pending' });
  });
});

describe("Stream's webhook", () => {
  test('is set, read and removed in the shape of Stream, and is one of the list', async () => {
    expect((await call(STREAM_WEBHOOK)).status).toBe(400);
    const set = await put(STREAM_WEBHOOK, { notificationUrl: 'https://example.com/one' });
    const { result } = await set.json<{ result: Record<string, string> }>();
    expect(result).toMatchObject({ notificationUrl: 'https://example.com/one' });
    const moved = await put(STREAM_WEBHOOK, { notification_url: 'https://example.com/two' });
    expect(await moved.json()).toMatchObject({
      result: { notificationUrl: 'https://example.com/two', secret: result['secret'] },
    });
    const { webhooks } = await (
      await call('/api/v1/webhooks')
    ).json<{ webhooks: { kind: string; events: string[] }[] }>();
    expect(webhooks).toMatchObject([{ kind: 'stream', events: ['video.ready', 'video.failed'] }]);
    expect((await call(STREAM_WEBHOOK, { method: 'DELETE' })).status).toBe(200);
    const gone = await call(STREAM_WEBHOOK);
    expect(await gone.json()).toMatchObject({ success: false, errors: [{ code: 10012 }] });
    const local = await put(STREAM_WEBHOOK, { notificationUrl: 'http://localhost/' });
    expect(local.status).toBe(400);
  });
});
