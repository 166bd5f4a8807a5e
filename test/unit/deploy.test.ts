import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { PROJECT, wranglerEnv } from '../../scripts/local-state.ts';
import type { StandInAccount } from './stand-in/wrangler.ts';

const STAGE = `t${process.pid}`;
const WORKER = `streamgate-${STAGE}`;
const SECRETS = ['KEY_ENCRYPTION_SECRET', 'TASK_TOKEN_SECRET'];
const OURS = join(PROJECT, '.streamgate', 'deploy', STAGE);

let server: Server;
let folder = '';
let account = '';
let checks: readonly { name: string; ok: boolean; detail: string }[] = [];

/** The platform behind the deployed address, as far as the smoke test asks it. */
beforeAll(async () => {
  server = createServer((request, response) => {
    const answers: Record<string, [number, unknown]> = {
      '/health/live': [200, { status: 'up' }],
      '/ready': [200, { ready: true, checks }],
      '/openapi.json': [200, {}],
      '/': [200, {}],
      '/client/v4/accounts/default/stream': [401, {}],
      '/api/v1/services': [200, { mode: 'monolith' }],
    };
    const [status, body] = answers[request.url ?? ''] ?? [404, {}];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  server.close();
  await once(server, 'close');
});

beforeEach(async () => {
  checks = [];
  folder = await mkdtemp(join(tmpdir(), 'streamgate-account-'));
  account = join(folder, 'account.json');
  const { port } = server.address() as AddressInfo;
  await writeAccount({
    accounts: [{ id: 'a1', name: 'Example' }],
    databases: {},
    namespaces: {},
    buckets: {},
    queues: [],
    workers: {},
    address: `http://127.0.0.1:${port}`,
  });
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm(OURS, { recursive: true, force: true });
});

async function writeAccount(state: StandInAccount): Promise<void> {
  await writeFile(account, JSON.stringify(state));
}

async function readAccount(): Promise<StandInAccount> {
  return JSON.parse(await readFile(account, 'utf8')) as StandInAccount;
}

/** Every command that wrangler was given. */
async function readLog(): Promise<string[]> {
  const text = await readFile(`${account}.log`, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

async function changeAccount(change: (state: StandInAccount) => void): Promise<void> {
  const state = await readAccount();
  change(state);
  await writeAccount(state);
}

async function deploy(...options: readonly string[]): Promise<{ code: number; output: string }> {
  const child = spawn(
    process.execPath,
    [join(PROJECT, 'scripts/deploy.ts'), '--env', STAGE, ...options],
    {
      cwd: PROJECT,
      env: {
        ...wranglerEnv(),
        STREAMGATE_WRANGLER: join(PROJECT, 'test/unit/stand-in/wrangler.ts'),
        STAND_IN_ACCOUNT: account,
        NODE_COMPILE_CACHE: join(tmpdir(), 'streamgate-compile-cache'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

test('a first deploy makes everything; the next ones change nothing they need not', async () => {
  const first = await deploy('--transcoder-url', 'https://encoder.example.com');
  expect(first.output).toMatch(/Smoke test {2}passed/);
  expect(first.code).toBe(0);
  expect(first.output).toMatch(/sg_\S{40,}/);
  const made = await readAccount();
  expect(Object.keys(made.databases)).toEqual([WORKER]);
  expect(made.buckets).toEqual({ [`${WORKER}-media`]: ['abort-stale-uploads'] });
  expect(Object.keys(made.namespaces)).toEqual([`${WORKER}-cache`]);
  expect(made.queues.toSorted()).toEqual(
    ['events', 'events-dead', 'transcode', 'transcode-dead'].map((name) => `${WORKER}-${name}`),
  );
  const vars = {
    PUBLIC_URL: made.address,
    APP_ENVIRONMENT: 'production',
    TRANSCODER_URL: 'https://encoder.example.com',
  };
  expect(made.workers[WORKER]).toMatchObject({ secrets: SECRETS, vars });
  const order = (await readLog()).map((line) => line.split(' ').slice(0, 2).join(' '));
  expect(order.indexOf('d1 migrations')).toBeLessThan(order.indexOf('deploy -c'));
  const secretsFile = join(OURS, 'secrets.env');
  expect((await stat(secretsFile)).mode & 0o077).toBe(0);
  const secrets = await readFile(secretsFile, 'utf8');

  // Nothing is said again: address and encoder are those of the version that runs.
  await writeFile(`${account}.log`, '');
  const second = await deploy();
  expect(second.code).toBe(0);
  expect(second.output).toContain('all there');
  expect(second.output).toContain('bookmark 0000-bookmark');
  expect(second.output).not.toContain('sg_');
  expect(await readFile(secretsFile, 'utf8')).toBe(secrets);
  const after = await readAccount();
  const log = await readLog();
  expect(log.filter((line) => / create /.test(line))).toEqual([]);
  expect(log.filter((line) => line.startsWith('deploy '))).toHaveLength(1);
  expect(after).toEqual(made);

  checks = [{ name: 'objects', ok: false, detail: 'no answer within 3000 ms' }];
  const broken = await deploy();
  expect(broken.code).toBe(1);
  expect(broken.output).toContain('objects: no answer within 3000 ms');
}, 240_000);

test('a domain of the account becomes the address, and containers come from container.toml', async () => {
  const { code } = await deploy('--dry-run', '--containers', '--url', 'https://video.example.com');
  expect(code).toBe(0);
  const config = JSON.parse(await readFile(join(OURS, `${WORKER}.json`), 'utf8')) as object;
  expect(config).toMatchObject({
    routes: [{ pattern: 'video.example.com', custom_domain: true }],
    vars: { PUBLIC_URL: 'https://video.example.com', TRANSCODER_URL: 'container' },
    containers: [{ class_name: 'TranscoderContainer', name: `${WORKER}-transcoder` }],
    exports: { TranscoderContainer: { container: `${WORKER}-transcoder` } },
  });
});

test('a secret that another machine generated is not replaced', async () => {
  await changeAccount((state) => {
    state.workers[WORKER] = { secrets: ['KEY_ENCRYPTION_SECRET'], vars: {} };
  });
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('has KEY_ENCRYPTION_SECRET, but its value is not known here');
  expect((await readLog()).filter((line) => line.startsWith('deploy '))).toEqual([]);
});

test('without a login nothing is touched and the next step is named', async () => {
  await changeAccount((state) => void (state.accounts = []));
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('npx wrangler login');
  expect(await readLog()).toEqual(['whoami --json']);
});

test('of two accounts none is guessed', async () => {
  await changeAccount((state) => void state.accounts.push({ id: 'a2', name: 'Another' }));
  const { code, output } = await deploy();
  expect(code).toBe(1);
  expect(output).toContain('CLOUDFLARE_ACCOUNT_ID');
  expect(output).toContain('a2 (Another)');
});

test('a missing encoder is named as still to do', async () => {
  checks = [{ name: 'transcoder', ok: false, detail: 'No encoder is configured.' }];
  const { code, output } = await deploy('--no-containers');
  expect(code).toBe(0);
  expect(output).toContain('Still to do transcoder: No encoder is configured.');
});

test.each([
  [['--env', 'Staging!'], '--env takes'],
  [['--url', 'video.example.com'], '--url takes an address'],
  [['--containers', '--transcoder-url', 'https://e.example'], 'two answers'],
  [['--frobnicate'], '--help'],
])('%j is refused with a sentence', async (options, sentence) => {
  const { code, output } = await deploy(...options);
  expect(code).not.toBe(0);
  expect(output).toContain(sentence);
  expect(await readLog()).toEqual([]);
});
