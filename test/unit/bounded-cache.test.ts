import { describe, expect, test } from 'vitest';

import { BoundedCache } from '../../src/kernel/bounded-cache.ts';

describe('a bounded cache', () => {
  test('says how old a value is', () => {
    const cache = new BoundedCache<string>({ entries: 2 });
    cache.set('a', 'A', { now: 1000 });
    expect(cache.get('a', 1400)).toEqual({ value: 'A', ageMs: 400 });
    expect(cache.get('b', 1400)).toBeUndefined();
  });

  test('drops what was used least recently', () => {
    const cache = new BoundedCache<string>({ entries: 2 });
    cache.set('a', 'A', { now: 0 });
    cache.set('b', 'B', { now: 0 });
    cache.get('a', 0);
    cache.set('c', 'C', { now: 0 });
    expect(cache.get('b', 0)).toBeUndefined();
    expect(cache.get('a', 0)?.value).toBe('A');
  });

  test('stays below its weight and never keeps what alone exceeds it', () => {
    const cache = new BoundedCache<string>({ entries: 10, weight: 100 });
    cache.set('a', 'A', { now: 0, weight: 60 });
    cache.set('b', 'B', { now: 0, weight: 60 });
    expect(cache.get('a', 0)).toBeUndefined();
    cache.set('huge', 'H', { now: 0, weight: 101 });
    expect(cache.get('huge', 0)).toBeUndefined();
    expect(cache.get('b', 0)?.value).toBe('B');
  });

  test('forgets the old weight when a value is replaced', () => {
    const cache = new BoundedCache<string>({ entries: 10, weight: 100 });
    for (let i = 0; i < 5; i += 1) cache.set('a', 'A', { now: 0, weight: 60 });
    cache.set('b', 'B', { now: 0, weight: 40 });
    expect(cache.get('a', 0)?.value).toBe('A');
  });
});
