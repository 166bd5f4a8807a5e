import { describe, expect, test } from 'vitest';

import { WorkLimit } from '../../containers/transcoder/work-limit.ts';

const never = new AbortController().signal;

/** Work that ends when it is told to. */
function someWork(): {
  readonly begun: string[];
  readonly work: (name: string) => () => Promise<string>;
  readonly end: (name: string) => void;
} {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    work: (name) => async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    },
    end: (name) => ends.get(name)?.(),
  };
}

describe('a work limit', () => {
  test('lets the next one begin when one has ended, in order', async () => {
    const limit = new WorkLimit({ running: 2, waiting: 2 });
    const { begun, work, end } = someWork();
    const done = ['a', 'b', 'c', 'd'].map((name) => limit.run(never, work(name)));
    expect(begun).toEqual(['a', 'b']);
    end('b');
    expect(await done[1]).toBe('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    end('a');
    expect(await done[0]).toBe('a');
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  test('refuses what comes when enough wait', async () => {
    const limit = new WorkLimit({ running: 1, waiting: 1 });
    const { begun, work, end } = someWork();
    const first = limit.run(never, work('a'));
    const second = limit.run(never, work('b'));
    expect(await limit.run(never, work('c'))).toBeUndefined();
    end('a');
    await first;
    end('b');
    expect(await second).toBe('b');
    expect(begun).toEqual(['a', 'b']);
  });

  test('forgets who gave up waiting', async () => {
    const limit = new WorkLimit({ running: 1, waiting: 1 });
    const { begun, work, end } = someWork();
    const first = limit.run(never, work('a'));
    const impatient = new AbortController();
    const second = limit.run(impatient.signal, work('b'));
    impatient.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    const third = limit.run(never, work('c'));
    end('a');
    await first;
    end('c');
    expect(await third).toBe('c');
    expect(begun).toEqual(['a', 'c']);
  });

  test('gives the place of failed work to the next', async () => {
    const limit = new WorkLimit({ running: 1, waiting: 1 });
    const failing = limit.run(never, () => Promise.reject(new Error('broken')));
    const next = limit.run(never, async () => 'fine');
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('fine');
    expect(await limit.run(never, async () => 'again')).toBe('again');
  });
});
