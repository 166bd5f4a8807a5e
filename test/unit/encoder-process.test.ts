import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import { ffmpeg, readLines, requestFor, SECRET, startCallback } from './encoder-harness.ts';

/** For a machine that is busy with other tests; nothing waits for it otherwise. */
const LONGEST_WAIT_MS = 30_000;

let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoder-process-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(env: Record<string, string>): Promise<{ process: ChildProcess; url: string }> {
  const started = spawn(process.execPath, ['containers/transcoder/main.ts'], {
    env: {
      PATH: process.env['PATH'],
      TMPDIR: folder,
      PORT: '0',
      TASK_TOKEN_SECRET: SECRET,
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(started);
  for await (const line of createInterface({ input: started.stdout })) {
    const { event, port } = JSON.parse(line) as { event: string; port?: number };
    if (event === 'encoder.listening') return { process: started, url: `http://127.0.0.1:${port}` };
  }
  throw new Error('the encoder did not start');
}

async function startLongTask(engine: string): Promise<{
  readonly encoder: Awaited<ReturnType<typeof start>>;
  readonly response: Response;
  readonly end: () => Promise<void>;
}> {
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=30:d=60'];
  await ffmpeg(folder, ...picture, '-c:v', 'libx264', '-preset', 'ultrafast', 'long.mp4');
  const source = await readFile(join(folder, 'long.mp4'));
  const callback = await startCallback(source);
  const encoder = await start({ STREAMGATE_ENGINE: engine });
  const response = await fetch(`${encoder.url}/tasks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${SECRET}` },
    body: JSON.stringify(requestFor(callback, source.length, LONG_TASK)),
  });
  return { encoder, response, end: () => callback.close() };
}

const LONG_TASK: TaskSpec = {
  kind: 'video',
  facts: {
    codec: 'h264',
    width: 640,
    height: 360,
    rotation: 0,
    frameRate: { numerator: 30, denominator: 1 },
    pixelFormat: 'yuv420p',
    interlaced: false,
    hdr: false,
    durationSeconds: 60,
    startSeconds: 0,
    packets: 1800,
  },
  renditions: [{ name: 'p', width: 640, height: 360, maxBitrateBps: 2_000_000, level: 31 }],
  segments: [{ start: 0, end: 1800 }],
  isLast: true,
};

test('on SIGTERM it hands its task back, leaves no file and exits', async () => {
  const { encoder, response, end } = await startLongTask('native');
  setTimeout(() => encoder.process.kill('SIGTERM'), 500);
  const exited = once(encoder.process, 'exit');
  expect((await readLines(response)).at(-1)).toMatchObject({ type: 'failure', retryable: true });
  expect(await exited).toEqual([0, null]);
  expect(await readdir(folder)).toEqual(['long.mp4']);
  await end();
});

test.each(['native', 'wasm'])('kill -9 leaves no %s ffmpeg behind', async (engine) => {
  const { encoder, response, end } = await startLongTask(engine);
  const reading = response.text().catch(() => undefined);
  await waitFor(() => childrenIn(folder) > 0);
  encoder.process.kill('SIGKILL');
  await waitFor(() => childrenIn(folder) === 0);
  await reading;
  await end();
});

/** How many processes work in folders below `root`. */
function childrenIn(root: string): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(root);
    } catch {
      // It ended in between.
      return false;
    }
  }).length;
}

async function waitFor(isTrue: () => boolean): Promise<void> {
  const until = Date.now() + LONGEST_WAIT_MS;
  while (!isTrue()) {
    if (Date.now() > until) throw new Error('waited in vain');
    await sleep(50);
  }
}

test('it ends with its parent when asked to', async () => {
  const encoder = await start({ WATCH_PARENT: '1' });
  const exited = once(encoder.process, 'exit');
  encoder.process.stdin?.end();
  expect(await exited).toEqual([0, null]);
});

test('without ffmpeg on the path it takes the WebAssembly build', async () => {
  const encoder = await start({ PATH: folder });
  const headers = { authorization: `Bearer ${SECRET}` };
  const response = await fetch(`${encoder.url}/health`, { headers });
  const health = (await response.json()) as { engine: string };
  expect(health.engine).toMatch(/\(WebAssembly\)$/);
});

test('a bad setting is named', async () => {
  const failed = spawn(process.execPath, ['containers/transcoder/main.ts'], {
    env: { TASK_TOKEN_SECRET: 'short' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  failed.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await once(failed, 'exit');
  expect(errors).toContain('TASK_TOKEN_SECRET: must have at least 32 characters');
});
