import { randomFillSync } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { UploadTicket } from '../../scripts/client.ts';
import { descendantsOf, listProcesses } from '../../scripts/processes.ts';
import { freePort } from '../../scripts/ports.ts';
import { ADMIN_TOKEN, RunningPlatform } from './running-platform.ts';

const MIB = 1024 * 1024;
const MOST_GROWTH_BYTES = 64_000_000;
const PART_BYTES = 95 * MIB;
const FORM_BYTES = 190_000_000;
const FORM_PATH = '/client/v4/accounts/default/stream';
const CHUNK = randomFillSync(Buffer.alloc(MIB));

let folder: string;
let platform: RunningPlatform;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamgate-memory-'));
  platform = new RunningPlatform(join(folder, 'platform'), await freePort());
  await platform.start();
});

afterAll(async () => {
  await platform.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Resident bytes of the process that runs the Worker, and locally the simulators of its stores, too. */
async function residentBytes(): Promise<number> {
  const own = descendantsOf([platform.pid], await listProcesses());
  const pids = own.filter(({ command }) => command.includes('workerd serve')).map(({ pid }) => pid);
  const sizes = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    }),
  );
  return Math.max(0, ...sizes);
}

/** The most that the process holds while the work goes on. */
async function peakDuring(work: Promise<unknown>): Promise<number> {
  let peak = 0;
  const done = work.then(() => true);
  while (!(await Promise.race([done, sleep(50, false)]))) {
    peak = Math.max(peak, await residentBytes());
  }
  return peak;
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

/** Four parts of 95 MiB at once. */
async function sendParts(): Promise<void> {
  const fields = { name: 'large.mp4', sizeBytes: 4 * PART_BYTES, partSizeBytes: PART_BYTES };
  const { id } = await platform.client.postJson<UploadTicket>('/api/v1/uploads', fields);
  const headers = { 'content-length': PART_BYTES };
  const urlOf = (part: number): string => `${platform.url}/api/v1/uploads/${id}/parts/${part}`;
  await Promise.all(
    [1, 2, 3, 4].map((part) => send('PUT', urlOf(part), headers, bytesOf(PART_BYTES))),
  );
}

async function sendForm(): Promise<void> {
  const head = Buffer.from(
    '--edge\r\nContent-Disposition: form-data; name="file"; filename="large.mp4"\r\nContent-Type: video/mp4\r\n\r\n',
  );
  const tail = Buffer.from('\r\n--edge--\r\n');
  const headers = {
    'content-type': 'multipart/form-data; boundary=edge',
    'content-length': head.length + FORM_BYTES + tail.length,
  };
  await send('POST', `${platform.url}${FORM_PATH}`, headers, formOf(FORM_BYTES, head, tail));
}

describe.runIf(process.platform === 'linux')('memory', () => {
  test('four parts of 95 MiB at once and a form of 190 MB raise it by less than 64 MB', async () => {
    const before = await residentBytes();
    const peaks = [await peakDuring(sendParts()), await peakDuring(sendForm())];
    expect(Math.max(...peaks) - before).toBeLessThan(MOST_GROWTH_BYTES);
  });
});
