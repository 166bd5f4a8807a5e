import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { freePort } from '../../scripts/ports.ts';
import { PROJECT, wranglerEnv } from '../../scripts/local-state.ts';
import { createContainerEncoder, taskOrigin } from '../../workers/transcoder/container-encoder.ts';
import type { EncoderContainer } from '../../workers/transcoder/container-encoder.ts';

const SECRET = 'container-test-secret-0123456789abcdef';
const FACTS = { secret: SECRET, logLevel: 'error', taskRoutes: { fetch } };

let stop: () => Promise<void> = async () => undefined;

afterEach(() => stop());

interface StandInContainer extends EncoderContainer {
  readonly starts: { readonly enableInternet: boolean; readonly env: Record<string, string> }[];
  readonly handlers: string[];
  kill(): Promise<void>;
}

/** `ctx.container` exists on the platform only; behind this one is the same program in a process. */
async function aContainer(): Promise<StandInContainer> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const container: StandInContainer = {
    starts: [],
    handlers: [],
    get running() {
      return child !== undefined && child.exitCode === null && child.signalCode === null;
    },
    start(options) {
      container.starts.push(options);
      child = spawn(process.execPath, [join(PROJECT, 'containers/transcoder/main.ts')], {
        env: { ...wranglerEnv(), ...options.env, PORT: String(port), STREAMGATE_ENGINE: 'wasm' },
        stdio: 'ignore',
      });
    },
    getTcpPort: (asked) => ({
      fetch: (address, init) => {
        expect(asked).toBe(8080);
        return fetch(address.replace('http://encoder', `http://127.0.0.1:${port}`), init);
      },
    }),
    interceptOutboundHttp: async (host) => void container.handlers.push(host),
    setInactivityTimeout: async (durationMs) => {
      expect(durationMs).toBeGreaterThan(0);
    },
    kill: async () => {
      if (child === undefined || !container.running) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
  stop = () => container.kill();
  return container;
}

test('the first question starts the container, without internet, and waits until it listens', async () => {
  const container = await aContainer();
  const encoder = createContainerEncoder(container, FACTS);
  expect(container.running).toBe(false);
  const [one, other] = await Promise.all([encoder.health(), encoder.health()]);
  expect(one).toMatchObject({ status: 'ok', slots: 1, busy: 0 });
  expect(other).toEqual(one);
  expect(container.starts).toHaveLength(1);
  expect(container.starts[0]).toMatchObject({
    enableInternet: false,
    env: { TASK_TOKEN_SECRET: SECRET },
  });
  // The one way out is the task routes.
  const { host } = new URL(taskOrigin({ TRANSCODER_URL: 'container', PUBLIC_URL: 'https://x.y' }));
  expect(container.handlers).toEqual([host]);
});

test('a container that ended is started again; one that runs is kept by a new object', async () => {
  const container = await aContainer();
  const encoder = createContainerEncoder(container, FACTS);
  await encoder.health();
  await container.kill();
  await encoder.health();
  expect(container.starts).toHaveLength(2);
  await createContainerEncoder(container, FACTS).health();
  expect(container.starts).toHaveLength(2);
});

test('a process is told the public address of the task routes', () => {
  const config = { TRANSCODER_URL: 'https://encoder.example.com', PUBLIC_URL: 'https://x.example' };
  expect(taskOrigin(config)).toBe('https://x.example');
});
