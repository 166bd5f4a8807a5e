import { describe, expect, test, vi } from 'vitest';

import { abandonUpload } from '../../web/src/abandon-upload.ts';
import { ApiError } from '../../web/src/api-error.ts';
import type { SendPart } from '../../web/src/send-part.ts';
import { uploadFile } from '../../web/src/upload-file.ts';
import type { UploadListener, UploadTools } from '../../web/src/upload-file.ts';
import { createUploadMemory } from '../../web/src/upload-memory.ts';

const PLAN = { id: 'upl_1', uid: 'a'.repeat(32), partSizeBytes: 4, partCount: 4 };
const FILE = new File(['0123456789abcde'], 'clip.mp4', { lastModified: 5 });

function aStorage(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    clear: () => {
      kept.clear();
    },
    key: (index) => [...kept.keys()][index] ?? null,
    get length() {
      return kept.size;
    },
  };
}

function aSetup(
  sendPart: SendPart,
  received: readonly number[] = [],
  state: 'open' | 'completed' | 'expired' = 'open',
) {
  const memory = createUploadMemory(aStorage(), () => 1000);
  const tools: UploadTools = {
    api: {
      createUpload: vi.fn(async () => PLAN),
      findUpload: vi.fn(async () => ({
        ...PLAN,
        state,
        receivedParts: received.map((partNumber) => ({ partNumber })),
      })),
      completeUpload: vi.fn(async () => ({ uid: PLAN.uid, jobId: 'job_1' })),
    },
    session: { authorization: async (fresh) => (fresh === true ? 'fresh' : 'old') },
    memory,
    sendPart,
    profile: () => 'fast',
  };
  const listener = { onStarted: vi.fn(), onBytes: vi.fn(), onWaiting: vi.fn() };
  return { memory, tools, listener };
}

async function run(tools: UploadTools, listener: UploadListener): Promise<unknown> {
  vi.useFakeTimers();
  try {
    const result = uploadFile(FILE, tools, listener, new AbortController().signal).catch(
      (error: unknown) => error,
    );
    await vi.runAllTimersAsync();
    return await result;
  } finally {
    vi.useRealTimers();
  }
}

describe('uploadFile', () => {
  test('sends every byte once, in equal parts, and completes', async () => {
    const bodies = new Map<number, string>();
    const { tools, listener, memory } = aSetup(async ({ partNumber, body }) => {
      bodies.set(partNumber, await body.text());
    });
    expect(await run(tools, listener)).toEqual({ uid: PLAN.uid, jobId: 'job_1' });
    expect([1, 2, 3, 4].map((part) => bodies.get(part))).toEqual(['0123', '4567', '89ab', 'cde']);
    expect(bodies.size).toBe(4);
    expect(tools.api.createUpload).toHaveBeenCalledExactlyOnceWith(FILE, 'fast');
    expect(listener.onBytes).toHaveBeenLastCalledWith(15);
    expect(memory.unfinished()).toEqual([]);
  });

  test('goes on where an earlier upload of the same file stopped', async () => {
    const sent: number[] = [];
    const { tools, listener, memory } = aSetup(
      async ({ partNumber }) => void sent.push(partNumber),
      [1, 3],
    );
    memory.remember(FILE, PLAN.id);
    await run(tools, listener);
    expect(sent).toEqual([2, 4]);
    expect(tools.api.createUpload).not.toHaveBeenCalled();
    expect(listener.onStarted).toHaveBeenCalledWith(expect.anything(), true);
  });

  test('only completes an upload that is whole already', async () => {
    const sendPart = vi.fn(async () => undefined);
    const { tools, listener, memory } = aSetup(sendPart, [], 'completed');
    memory.remember(FILE, PLAN.id);
    expect(await run(tools, listener)).toEqual({ uid: PLAN.uid, jobId: 'job_1' });
    expect(sendPart).not.toHaveBeenCalled();
  });

  test('begins anew when the earlier upload has expired', async () => {
    const { tools, listener, memory } = aSetup(async () => undefined, [1], 'expired');
    memory.remember(FILE, PLAN.id);
    await run(tools, listener);
    expect(tools.api.createUpload).toHaveBeenCalledOnce();
  });

  test('tries a part again after a network error, and after a 401 with a fresh token', async () => {
    const failures = [
      new ApiError({ status: 0, message: 'No connection.' }),
      new ApiError({ status: 401, message: 'Expired.' }),
    ];
    const used: string[] = [];
    const { tools, listener } = aSetup(async ({ partNumber, authorization }) => {
      if (partNumber !== 2) return;
      used.push(authorization);
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
    });
    expect(await run(tools, listener)).toEqual({ uid: PLAN.uid, jobId: 'job_1' });
    expect(used).toEqual(['old', 'old', 'fresh']);
    expect(listener.onWaiting).toHaveBeenCalledWith('No connection.');
  });

  test('stops at a refusal, and remembers the upload so that nothing sent is lost', async () => {
    const refusal = new ApiError({ status: 422, message: 'Closed.' });
    const { tools, listener, memory } = aSetup(() => Promise.reject(refusal));
    expect(await run(tools, listener)).toBe(refusal);
    expect(tools.api.completeUpload).not.toHaveBeenCalled();
    expect(memory.find(FILE)).toBe(PLAN.id);
  });

  test('sends nothing and remembers nothing when it was cancelled while it began', async () => {
    const sendPart = vi.fn(async () => undefined);
    const { tools, listener, memory } = aSetup(sendPart);
    const abort = new AbortController();
    const begun = uploadFile(FILE, tools, listener, abort.signal);
    abort.abort();
    await expect(begun).rejects.toThrow('aborted');
    expect(listener.onStarted).toHaveBeenCalledWith(PLAN, false);
    expect(sendPart).not.toHaveBeenCalled();
    expect(memory.find(FILE)).toBeUndefined();
  });
});

describe('abandonUpload', () => {
  function anApi(failure?: ApiError) {
    return {
      cancelUpload: vi.fn(async () => {
        if (failure !== undefined) throw failure;
      }),
      findUpload: vi.fn(async () => ({ ...PLAN, state: 'completing' as const, receivedParts: [] })),
      deleteVideo: vi.fn(async () => undefined),
    };
  }

  test.each([
    ['an open upload', undefined],
    ['one that is gone', new ApiError({ status: 404, message: 'Gone.' })],
  ])('ends %s', async (_, failure) => {
    const api = anApi(failure);
    await abandonUpload(api, PLAN.id);
    expect(api.cancelUpload).toHaveBeenCalledWith(PLAN.id);
    expect(api.deleteVideo).not.toHaveBeenCalled();
  });

  test('deletes the video of one that is joined already', async () => {
    const api = anApi(new ApiError({ status: 422, code: 'upload.closed', message: 'Closed.' }));
    await abandonUpload(api, PLAN.id);
    expect(api.deleteVideo).toHaveBeenCalledWith(PLAN.uid);
  });

  test('tells when the server did not take it', async () => {
    const lost = new ApiError({ status: 0, message: 'No connection.' });
    await expect(abandonUpload(anApi(lost), PLAN.id)).rejects.toBe(lost);
  });
});
