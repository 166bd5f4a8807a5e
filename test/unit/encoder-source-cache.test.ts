import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { SourceCache } from '../../containers/transcoder/source-cache.ts';
import type { TaskRequest } from '../../src/contracts/task-protocol.ts';
import { requestFor, startCallback } from './encoder-harness.ts';
import type { FakeCallback } from './encoder-harness.ts';

const SIGNAL = new AbortController().signal;

let root: string;
let callback: FakeCallback;
let sources: SourceCache;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'source-cache-'));
  callback = await startCallback(Buffer.alloc(600, 1));
  sources = new SourceCache({
    root,
    maxBytes: 1000,
    prepare: (path) => Promise.resolve({ path, canSeek: true }),
  });
});
afterEach(async () => {
  await sources.clear();
  await callback.close();
  await rm(root, { recursive: true, force: true });
});

function aRequest(sizeBytes = 600): TaskRequest {
  return requestFor(callback, sizeBytes, { kind: 'probe', maxDurationSeconds: 60 });
}

test('a full cache hands the task back until another job lets go of its source', async () => {
  const held = await sources.acquire(aRequest(), SIGNAL);
  await expect(sources.acquire(aRequest(), SIGNAL)).rejects.toMatchObject({
    failure: { retryable: true, handedBack: true },
  });
  held.release();
  (await sources.acquire(aRequest(), SIGNAL)).release();
});

test('a file that can never fit is refused for good, with the way out', async () => {
  await expect(sources.acquire(aRequest(1001), SIGNAL)).rejects.toMatchObject({
    message: expect.stringContaining('SOURCE_CACHE_BYTES') as string,
    failure: { code: 'ERR_UNSUPPORTED', retryable: false },
  });
});
