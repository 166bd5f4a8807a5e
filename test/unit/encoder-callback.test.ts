import { describe, expect, test } from 'vitest';

import { checkLease, withRetries } from '../../containers/transcoder/callback.ts';
import { fetchSource } from '../../containers/transcoder/fetch-source.ts';
import { toTaskFailure } from '../../containers/transcoder/task-failure.ts';
import { startCallback } from './encoder-harness.ts';

const FAST = { attempts: 3, firstDelayMs: 1, longestDelayMs: 1 };
const { signal } = new AbortController();

describe('withRetries', () => {
  test('repeats until the platform answers', async () => {
    let calls = 0;
    const call = async (): Promise<string> => {
      calls += 1;
      if (calls < 3) throw new Error('answered with 503');
      return 'stored';
    };
    expect(await withRetries(call, signal, FAST)).toBe('stored');
  });

  test('a platform that does not answer to the end is not the fault of the task', async () => {
    const call = (): Promise<never> => Promise.reject(new Error('answered with 503'));
    await expect(withRetries(call, signal, FAST)).rejects.toMatchObject({
      failure: { unavailable: true, retryable: true, detail: 'answered with 503' },
    });
  });
});

// Linux and the BSDs have a device that is always full.
test.skipIf(process.platform === 'darwin')(
  'a full disk ends the attempt at once, for a reason of its own',
  async () => {
    const source = Buffer.alloc(100_000);
    const callback = await startCallback(source);
    try {
      const { url } = callback;
      const fetched = fetchSource(
        { callback: { url, token: 'callback-token' }, sizeBytes: source.length, path: '/dev/full' },
        signal,
      );
      const failure = await fetched.catch((error: unknown) => toTaskFailure(error));
      expect(failure).toMatchObject({ code: 'ERR_UNKNOWN', retryable: true });
      expect(failure).toHaveProperty('message', expect.stringContaining('disk of the encoder'));
      expect(failure).not.toHaveProperty('unavailable');
      expect(callback.requests).toHaveLength(1);
    } finally {
      await callback.close();
    }
  },
);

describe('checkLease', () => {
  test('a refused request ends the attempt, a failure of the platform does not', () => {
    for (const status of [400, 401, 409, 422]) expect(() => checkLease(status)).toThrow();
    for (const status of [200, 204, 500, 503]) expect(() => checkLease(status)).not.toThrow();
  });
});
