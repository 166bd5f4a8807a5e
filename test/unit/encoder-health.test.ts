import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from 'vitest';

import { TASK_PROTOCOL_VERSION } from '../../src/contracts/task-protocol.ts';
import { createProcessEncoder } from '../../workers/transcoder/encoder.ts';

const HEALTH = { status: 'ok', version: TASK_PROTOCOL_VERSION, engine: 'x', slots: 1, busy: 0 };
let close = (): void => undefined;

afterEach(() => close());

/** Something that answers `GET /health` so, to whoever has the secret. */
async function startHealth(body: string): Promise<string> {
  const server = createServer((request, response) => {
    const isKnown = request.headers.authorization === 'Bearer right';
    response.writeHead(isKnown ? 200 : 401).end(isKnown ? body : '{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = () => server.close();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('health', () => {
  test('is that of an encoder that would take our tasks', async () => {
    const url = await startHealth(JSON.stringify(HEALTH));
    expect(await createProcessEncoder(url, 'right').health()).toEqual(HEALTH);
  });

  test.each([
    ['another secret', 'wrong', JSON.stringify(HEALTH), 'TASK_TOKEN_SECRET'],
    ['another protocol', 'right', JSON.stringify({ ...HEALTH, version: 1 }), 'task protocol 1'],
    ['another program', 'right', '<html>', 'as no encoder does'],
  ])('%s is named', async (_, secret, body, text) => {
    const url = await startHealth(body);
    await expect(createProcessEncoder(url, secret).health()).rejects.toMatchObject({
      code: 'task.unavailable',
      message: expect.stringContaining(text),
    });
  });

  test('nobody there is named', async () => {
    await expect(
      createProcessEncoder('http://127.0.0.1:9', 'right').health(),
    ).rejects.toMatchObject({ message: expect.stringContaining('does not answer') });
  });
});
