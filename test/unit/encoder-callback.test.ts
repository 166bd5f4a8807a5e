import { describe, expect, test } from 'vitest';

import { checkLease, withRetries } from '../../containers/transcoder/callback.ts';

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

describe('checkLease', () => {
  test('a refused request ends the attempt, a failure of the platform does not', () => {
    for (const status of [400, 401, 409, 422]) expect(() => checkLease(status)).toThrow();
    for (const status of [200, 204, 500, 503]) expect(() => checkLease(status)).not.toThrow();
  });
});
