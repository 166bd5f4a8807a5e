import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import { createProcessEncoder } from '../../workers/transcoder/encoder.ts';
import {
  ffmpeg,
  postTask,
  readLines,
  requestFor,
  startCallback,
  SECRET,
  startEncoder,
} from './encoder-harness.ts';
import type { Encoder, FakeCallback } from './encoder-harness.ts';

/** For a machine that is busy with other tests; nothing waits for it otherwise. */
const LONGEST_WAIT_MS = 30_000;

let folder: string;
let clip: Buffer;
let long: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoder-clips-'));
  const make = async (size: string, seconds: number, file: string): Promise<Buffer> => {
    const picture = ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=30:d=${seconds}`];
    await ffmpeg(folder, ...picture, '-c:v', 'libx264', '-preset', 'ultrafast', file);
    return readFile(join(folder, file));
  };
  clip = await make('160x90', 3, 'clip.mp4');
  long = await make('640x360', 60, 'long.mp4');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const PROBE: TaskSpec = { kind: 'probe', maxDurationSeconds: 100 };

function videoTask(frames: number, width = 160, height = 90): TaskSpec {
  return {
    kind: 'video',
    facts: {
      codec: 'h264',
      width,
      height,
      rotation: 0,
      pixelFormat: 'yuv420p',
      frameRate: { numerator: 30, denominator: 1 },
      interlaced: false,
      hdr: false,
      durationSeconds: frames / 30,
      startSeconds: 0,
      packets: frames,
    },
    renditions: [{ name: 'p', width, height, maxBitrateBps: 5_000_000, level: 31 }],
    segments: [{ start: 0, end: frames }],
    isLast: true,
  };
}

describe.each(['native', 'wasm'] as const)('the encoder server with the %s engine', (choice) => {
  let root: string;
  let encoder: Encoder;
  let callback: FakeCallback;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'encoder-root-'));
    encoder = await startEncoder(root, choice);
    callback = await startCallback(clip);
  });
  afterEach(async () => {
    await encoder.close();
    await callback.close();
    expect(await readdir(root)).toEqual([]);
    await rm(root, { recursive: true, force: true });
  });

  test('says what it is', async () => {
    const health = await createProcessEncoder(encoder.url, SECRET).health();
    expect(health).toMatchObject({ slots: 2, busy: 0 });
    expect(health.sandbox).toMatch(/^(?:sandbox|not sandboxed): \S/);
    const kind = choice === 'native' ? 'native' : 'WebAssembly';
    expect(health.engine).toMatch(new RegExp(`^ffmpeg \\d[\\w.]* \\(${kind}\\)$`));
  });

  test('refuses a wrong secret, a wrong task and a wrong path', async () => {
    const request = requestFor(callback, clip.length, PROBE);
    expect((await postTask(encoder, request, { secret: 'wrong' })).status).toBe(401);
    expect((await postTask(encoder, { ...request, version: 1 })).status).toBe(400);
    expect((await fetch(`${encoder.url}/other`)).status).toBe(404);
    await expect(createProcessEncoder(encoder.url, 'wrong').health()).rejects.toThrow(
      'another TASK_TOKEN_SECRET',
    );
    expect(callback.requests).toEqual([]);
  });

  test('fetches the source once for all tasks of a job and stores what it made', async () => {
    const run = async (task: TaskSpec): Promise<unknown> => {
      const lines = await readLines(
        await postTask(encoder, requestFor(callback, clip.length, task, 'job_shared')),
      );
      return lines.at(-1);
    };
    const poster: TaskSpec = { ...posterTask(), atSeconds: 99 };
    const outcomes = await Promise.all([run(PROBE), run(videoTask(90))]);
    expect(outcomes).toMatchObject([
      { type: 'result', result: { kind: 'probe', facts: { video: { packets: 90 } } } },
      { type: 'result', result: { kind: 'media', parts: [{}], renditions: [{ name: 'p' }] } },
    ]);
    expect(await run(poster)).toMatchObject({ type: 'result', result: { kind: 'poster' } });
    expect(callback.parts.get(0)?.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
    expect(callback.requests.filter((line) => line.startsWith('GET'))).toHaveLength(1);
  });

  test('goes on where a broken download stopped', async () => {
    let isBroken = false;
    callback.intercept = (request, response) => {
      if (isBroken || request.method !== 'GET') return false;
      isBroken = true;
      response.writeHead(200, { 'content-length': clip.length });
      response.write(clip.subarray(0, 1000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    const lines = await readLines(
      await postTask(encoder, requestFor(callback, clip.length, PROBE)),
    );
    expect(lines.at(-1)).toMatchObject({ type: 'result' });
    expect(callback.requests).toEqual(['GET /source', 'GET /source bytes=1000-']);
  });

  test('repeats a store that failed, and stops when the lease is lost', async () => {
    let answers = [503, 500];
    callback.intercept = (request, response) => {
      const status = request.method === 'PUT' ? answers.shift() : undefined;
      if (status === undefined) return false;
      request.resume();
      response.writeHead(status).end();
      return true;
    };
    const run = async (): Promise<unknown> =>
      (
        await readLines(await postTask(encoder, requestFor(callback, clip.length, videoTask(90))))
      ).at(-1);
    expect(await run()).toMatchObject({ type: 'result' });
    answers = [409];
    expect(await run()).toMatchObject({ type: 'failure', retryable: true });
    expect(callback.requests.filter((line) => line.startsWith('PUT'))).toHaveLength(4);
  });

  test('takes no more tasks than it has slots, and ends a task whose request is closed', async () => {
    const busy = await startCallback(long);
    const task = videoTask(1800, 640, 360);
    const requests = [1, 2].map(() => new AbortController());
    const responses = await Promise.all(
      requests.map(({ signal }) =>
        postTask(encoder, requestFor(busy, long.length, task), { signal }),
      ),
    );
    expect(responses.map((response) => response.status)).toEqual([200, 200]);
    expect((await postTask(encoder, requestFor(busy, long.length, task))).status).toBe(503);
    await waitFor(() => choice === 'wasm' || ffmpegProcesses(root) === 2);
    for (const request of requests) request.abort();
    await waitFor(() => encoder.runner.busy === 0 && ffmpegProcesses(root) === 0);
    // They were ended; none came to its end.
    expect(busy.requests.filter((line) => line.startsWith('PUT'))).toEqual([]);
    await busy.close();
  });

  test('hands running tasks back when it stops', async () => {
    const busy = await startCallback(long);
    const request = requestFor(busy, long.length, videoTask(1800, 640, 360));
    const lines = readLines(await postTask(encoder, request));
    await sleep(500);
    await encoder.runner.stop();
    expect((await lines).at(-1)).toMatchObject({ type: 'failure', retryable: true });
    expect(ffmpegProcesses(root)).toBe(0);
    await busy.close();
  });

  test('ends a task that takes too long or writes too much', async () => {
    const busy = await startCallback(long);
    const request = requestFor(busy, long.length, videoTask(1800, 640, 360));
    const limited = async (limits: object): Promise<unknown> =>
      (await readLines(await postTask(encoder, { ...request, limits }))).at(-1);
    expect(await limited({ wallMs: 400, outputBytes: 1e9 })).toMatchObject({
      type: 'failure',
      message: expect.stringContaining('longer'),
      retryable: true,
    });
    if (choice === 'native') {
      expect(await limited({ wallMs: 60_000, outputBytes: 30_000 })).toMatchObject({
        type: 'failure',
        code: 'ERR_UNKNOWN',
      });
    }
    await busy.close();
  });
});

function posterTask(): Extract<TaskSpec, { kind: 'poster' }> {
  const task = videoTask(90);
  if (task.kind !== 'video') throw new Error('not a video task');
  return { kind: 'poster', facts: task.facts, atSeconds: 1, width: 160, height: 90 };
}

/** How many ffmpeg processes run in folders below `root`. */
function ffmpegProcesses(root: string): number {
  const list = execFileSync('ps', ['-eo', 'pid=,comm=']).toString();
  return list
    .split('\n')
    .filter((line) => line.trim().endsWith(' ffmpeg'))
    .filter((line) => {
      try {
        const link = `/proc/${line.trim().split(' ')[0]}/cwd`;
        return execFileSync('readlink', [link]).toString().startsWith(root);
      } catch {
        return false;
      }
    }).length;
}

async function waitFor(isTrue: () => boolean): Promise<void> {
  const until = Date.now() + LONGEST_WAIT_MS;
  while (!isTrue()) {
    if (Date.now() > until) throw new Error('waited in vain');
    await sleep(20);
  }
}
