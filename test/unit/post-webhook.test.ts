import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from 'vitest';

import { postWebhook } from '../../workers/worker/post-webhook.ts';
import type { PostResult } from '../../workers/worker/post-webhook.ts';

const SECRET = 'a-secret-of-the-receiver';
const BODY = '{"uid":"ü"}';
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A real receiver on this machine; answers its `host:port`. */
async function receive(answer: RequestListener): Promise<string> {
  const started = createServer(answer);
  server = started;
  await new Promise<void>((resolve) => {
    started.listen(0, '127.0.0.1', resolve);
  });
  return `127.0.0.1:${(started.address() as AddressInfo).port}`;
}

async function send(host: string, allowed: readonly string[] = [host]): Promise<PostResult> {
  const message = {
    ...{ url: `http://${host}/hook`, secrets: [SECRET], body: BODY },
    ...{ deliveryId: 'dlv_1', eventId: 'evt_1', eventType: 'video.ready' },
  };
  return postWebhook(message, allowed);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('postWebhook', () => {
  test('sends the body with a signature that a receiver can check', async () => {
    const received: { body: string; headers: IncomingMessage['headers'] }[] = [];
    const host = await receive((request, response) => {
      const take = async (): Promise<void> => {
        received.push({ body: await textOf(request), headers: request.headers });
        response.end('thanks');
      };
      void take();
    });
    expect(await send(host)).toMatchObject({ ok: true, status: 200, excerpt: 'thanks' });
    const [{ body, headers } = { body: '', headers: {} }] = received;
    const [, time, signature] =
      /^time=(\d+),sig1=([0-9a-f]{64})$/.exec(String(headers['webhook-signature'])) ?? [];
    expect(body).toBe(BODY);
    expect(signature).toBe(createHmac('sha256', SECRET).update(`${time}.${body}`).digest('hex'));
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-event-id': 'evt_1',
      'webhook-event-type': 'video.ready',
      'webhook-delivery-id': 'dlv_1',
    });
  });

  test('follows no redirect', async () => {
    const paths: string[] = [];
    const host = await receive((request, response) => {
      paths.push(request.url ?? '');
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await send(host)).toMatchObject({ ok: false, status: 302 });
    expect(paths).toEqual(['/hook']);
  });

  test('tells status, answer and Retry-After of a failure', async () => {
    const host = await receive((_, response) => {
      response.writeHead(503, { 'retry-after': '7' }).end('later');
    });
    expect(await send(host)).toMatchObject({
      ...{ ok: false, status: 503, excerpt: 'later', retryAfterSeconds: 7 },
    });
  });

  test('reads no more than a kilobyte of an endless answer', async () => {
    const host = await receive((_, response) => {
      const pour = (): void => {
        while (response.write('x'.repeat(4096)));
        response.once('drain', pour);
      };
      pour();
    });
    const { ok, excerpt } = await send(host);
    expect([ok, excerpt?.length]).toEqual([true, 1024]);
  });

  test('sends nothing to an address that is not allowed, and survives a dead one', async () => {
    let asked = 0;
    const host = await receive((_, response) => {
      asked += 1;
      response.end();
    });
    expect(await send(host, [])).toMatchObject({ ok: false, error: expect.any(String) });
    expect(asked).toBe(0);
    server?.close();
    server?.closeAllConnections();
    expect(await send(host)).toMatchObject({ ok: false, error: expect.any(String) });
  });
});
