import { describe, expect, test } from 'vitest';

import {
  chooseSigner,
  chooseVerifying,
  describeKeyState,
  LEAD_MS,
  planSigningStart,
  planVerifyingEnd,
  UNPUBLISHED,
} from '../../workers/auth/key-schedule.ts';
import type { KeyTimes } from '../../workers/auth/key-schedule.ts';

const MINUTE = 60_000;

function aKey(id: string, signsFrom: number, verifiesUntil?: number): KeyTimes {
  return { id, createdAt: 0, signsFrom, ...(verifiesUntil !== undefined && { verifiesUntil }) };
}

describe('a rotation', () => {
  const start = 1_000_000;
  const signsFrom = planSigningStart([aKey('key_1', 0)], start);
  const end = planVerifyingEnd('access', signsFrom);
  const keys = [aKey('key_1', 0, end), aKey('key_2', signsFrom)];
  const verifying = (now: number): string[] => chooseVerifying(keys, now).map(({ id }) => id);

  test('publishes, waits, signs with the new key, drops the old one', () => {
    expect(signsFrom).toBe(start + LEAD_MS);
    expect(LEAD_MS).toBeGreaterThan(MINUTE);
    expect(chooseSigner(keys, start)?.id).toBe('key_1');
    expect(chooseSigner(keys, signsFrom - 1)?.id).toBe('key_1');
    expect(chooseSigner(keys, signsFrom)?.id).toBe('key_2');
    expect(verifying(start)).toEqual(['key_1', 'key_2']);
    expect(verifying(end - 1)).toEqual(['key_1', 'key_2']);
    expect(verifying(end)).toEqual(['key_2']);
  });

  test('the old key outlives the last token it signed', () => {
    expect(end - signsFrom).toBeGreaterThan(5 * MINUTE);
    expect(planVerifyingEnd('playback', 0)).toBeGreaterThan(24 * 60 * MINUTE);
  });

  test('says what each key is doing', () => {
    const states = (now: number): string[] => keys.map((key) => describeKeyState(key, keys, now));
    expect(states(start)).toEqual(['signing', 'published']);
    expect(states(signsFrom)).toEqual(['verifying', 'signing']);
    expect(states(end)).toEqual(['retired', 'signing']);
  });
});

test('the first key signs at once, an unpublished one never', () => {
  expect(planSigningStart([aKey('key_1', UNPUBLISHED)], 5000)).toBe(5000);
  expect(chooseSigner([aKey('key_1', UNPUBLISHED)], 5000)).toBeUndefined();
  expect(chooseSigner([], 5000)).toBeUndefined();
});

test('two keys of the same moment are chosen between alike everywhere', () => {
  const keys = [aKey('key_1', 10), aKey('key_2', 10)];
  expect(chooseSigner(keys, 10)?.id).toBe('key_2');
  expect(chooseSigner(keys.toReversed(), 10)?.id).toBe('key_2');
});
