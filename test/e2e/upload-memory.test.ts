import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { UploadTicket } from '../../scripts/client.ts';
import { PROJECT, wranglerEnv } from '../../scripts/local-state.ts';
import { descendantsOf, listProcesses } from '../../scripts/processes.ts';
import { freePort } from '../../scripts/ports.ts';
import { ADMIN_TOKEN, RunningPlatform } from './running-platform.ts';

const MIB = 1024 * 1024;
const MOST_GROWTH_BYTES = 64 * MIB;
const PART_BYTES = 95 * MIB;
const FORM_BYTES = 190_000_000;
const FORM_PATH = '/client/v4/accounts/default/stream';
const CHUNK = randomFillSync(Buffer.alloc(MIB));

let folder: string;
let platform: RunningPlatform;
let bare: ChildProcess;
let bareUrl = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamgate-memory-'));
  platform = new RunningPlatform(join(folder, 'platform'), await freePort());
  await platform.start();
  bareUrl = await startBareWorker(join(folder, 'bare'));
});

afterAll(async () => {
  bare.kill('SIGTERM');
  await platform.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startBareWorker(state: string): Promise<string> {
  const port = await freePort();
  const args = [
    'dev',
    '--ip',
    '127.0.0.1',
    '--port',
    String(port),
    '--inspector-port',
    '0',
    '--persist-to',
    state,
  ];
  const cwd = join(PROJECT, 'test/fixtures/bare-worker');
  bare = spawn('wrangler', [...args, '--show-interactive-dev-session=false'], {
    cwd,
    env: wranglerEnv(),
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  const isUp = (): Promise<boolean> =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) await sleep(200);
  return url;
}

/** Resident bytes of the process that runs the Worker (and, locally, the simulators of its stores). */
async function residentBytes(owner: number): Promise<number> {
  const own = descendantsOf([owner], await listProcesses());
  const pids = own.filter(({ command }) => command.includes('workerd serve')).map(({ pid }) => pid);
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    }),
  );
  return Math.max(0, ...sizes);
}

/** How much the process grows at most while the work goes on. */
async function growthDuring(owner: number, begin: () => Promise<unknown>): Promise<number> {
  const before = await residentBytes(owner);
  const work = begin();
  let peak = before;
  const done = work.then(() => true);
  while (!(await Promise.race([done, sleep(50, false)]))) {
    peak = Math.max(peak, await residentBytes(owner));
  }
  return peak - before;
}

/** Sends a body without holding it. Throws unless the answer is 200. */
async function send(
  method: string,
  url: string,
  headers: OutgoingHttpHeaders,
  body: AsyncIterable<Buffer>,
): Promise<void> {
  const authorization = `Bearer ${ADMIN_TOKEN}`;
  const outgoing = request(url, { method, headers: { authorization, ...headers } });
  const status = new Promise<number>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
  });
  for await (const chunk of body) {
    if (!outgoing.write(chunk)) await new Promise((resolve) => outgoing.once('drain', resolve));
  }
  outgoing.end();
  expect(await status).toBe(200);
}

async function* bytesOf(length: number): AsyncGenerator<Buffer> {
  for (let left = length; left > 0; left -= CHUNK.length)
    yield CHUNK.subarray(0, Math.min(left, CHUNK.length));
}

async function* formOf(length: number, head: Buffer, tail: Buffer): AsyncGenerator<Buffer> {
  yield head;
  yield* bytesOf(length);
  yield tail;
}

/** Four bodies of 95 MiB at once. */
function fourParts(urlOf: (part: number) => string): Promise<unknown> {
  const headers = { 'content-length': PART_BYTES };
  return Promise.all(
    [1, 2, 3, 4].map((part) => send('PUT', urlOf(part), headers, bytesOf(PART_BYTES))),
  );
}

describe.runIf(process.platform === 'linux')(
  'memory beyond what the local store simulator takes',
  () => {
    test('four parts of 95 MiB at once, then one form of 190 MB, raise it by less than 64 MiB each', async () => {
      const fields = { name: 'large.mp4', sizeBytes: 4 * PART_BYTES, partSizeBytes: PART_BYTES };
      const { id } = await platform.client.postJson<UploadTicket>('/api/v1/uploads', fields);
      const [ours, peer] = [platform.pid, bare.pid ?? 0];
      const peerParts = await growthDuring(peer, () => fourParts(() => bareUrl));
      const ourParts = await growthDuring(ours, () =>
        fourParts((part) => `${platform.url}/api/v1/uploads/${id}/parts/${part}`),
      );
      expect(ourParts - peerParts).toBeLessThan(MOST_GROWTH_BYTES);

      const head = Buffer.from(
        '--edge\r\nContent-Disposition: form-data; name="file"; filename="large.mp4"\r\nContent-Type: video/mp4\r\n\r\n',
      );
      const tail = Buffer.from('\r\n--edge--\r\n');
      const headers = {
        'content-type': 'multipart/form-data; boundary=edge',
        'content-length': head.length + FORM_BYTES + tail.length,
      };
      const form = (url: string) => (): Promise<void> =>
        send('POST', url, headers, formOf(FORM_BYTES, head, tail));
      const peerForm = await growthDuring(peer, form(bareUrl));
      const ourForm = await growthDuring(ours, form(`${platform.url}${FORM_PATH}`));
      expect(ourForm - peerForm).toBeLessThan(MOST_GROWTH_BYTES);
    });
  },
);
