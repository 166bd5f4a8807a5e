import { expect, test } from 'vitest';

import { renderNotStarted } from '../../src/http/render-not-started.ts';
import { parseConfig } from '../../src/kernel/config.ts';
import { findConsumer } from '../../src/kernel/find-consumer.ts';
import { checkAddress } from '../../workers/monitor/check-address.ts';

/** What a Worker finds when wrangler.toml was deployed and nothing else. */
function configurationFault(): unknown {
  try {
    return parseConfig({ APP_MODE: 'monolith', PUBLIC_URL: 'http://127.0.0.1:8787' });
  } catch (error) {
    return error;
  }
}

function answer(path: string): Response {
  return renderNotStarted(new Request(`https://video.example.com${path}`), configurationFault());
}

test('a Worker without its secrets says so at /ready', async () => {
  const response = answer('/ready');
  expect(response.status).toBe(503);
  const { ready, checks } = (await response.json()) as {
    ready: boolean;
    checks: { name: string; ok: boolean; detail: string }[];
  };
  expect(ready).toBe(false);
  expect(checks).toMatchObject([{ name: 'configuration', ok: false }]);
  expect(checks[0]?.detail).toContain('KEY_ENCRYPTION_SECRET');
  expect(checks[0]?.detail).toContain('TASK_TOKEN_SECRET');
});

test('and everywhere else in the form of the address', async () => {
  const problem = answer('/api/v1/uploads');
  expect(problem.status).toBe(503);
  expect(await problem.json()).toMatchObject({ code: 'platform.not_configured', status: 503 });
  expect(await answer('/client/v4/accounts/default/stream').json()).toMatchObject({
    success: false,
  });
});

test('any other failure to start is nobody’s configuration and goes on', () => {
  const fault = new Error('the database is away');
  expect(() => renderNotStarted(new Request('https://video.example.com/ready'), fault)).toThrow(
    fault,
  );
});

test.each([
  ['http://127.0.0.1:8787', 'http://localhost:8787/ready', true],
  ['https://video.example.com', 'https://video.example.com/ready', true],
  ['https://video.example.com', 'https://streamgate.example.workers.dev/ready', true],
  ['http://127.0.0.1:8787', 'https://streamgate.example.workers.dev/ready', false],
])('PUBLIC_URL %s, asked at %s: usable is %s', (publicUrl, asked, ok) => {
  expect(checkAddress(publicUrl, asked)).toMatchObject({ name: 'address', ok });
});

test('a queue of any stage finds its consumer, and never the one of its dead letters', () => {
  const consumers = new Map([
    ['events', 1],
    ['events-dead', 2],
  ]);
  expect(findConsumer(consumers, 'streamgate-events')).toBe(1);
  expect(findConsumer(consumers, 'streamgate-staging-events-dead')).toBe(2);
  expect(findConsumer(consumers, 'streamgate-transcode')).toBeUndefined();
});
