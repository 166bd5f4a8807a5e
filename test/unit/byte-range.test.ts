import { describe, expect, test } from 'vitest';

import { decideRange, formatContentRange } from '../../src/media/byte-range.ts';

const SIZE = 1000;
const part = (offset: number, length: number): object => ({ kind: 'part', offset, length });

describe('a Range header', () => {
  test.each([
    ['bytes=0-0', part(0, 1)],
    ['bytes=0-99', part(0, 100)],
    ['bytes=990-', part(990, 10)],
    ['bytes=999-999', part(999, 1)],
    ['BYTES=1-2', part(1, 2)],
    ['bytes= 1-2 ', part(1, 2)],
    ['bytes=-10', part(990, 10)],
  ])('%s is one part', (header, expected) => {
    expect(decideRange(header, SIZE)).toEqual(expected);
  });

  test.each([
    ['bytes=990-5000', part(990, 10)],
    ['bytes=0-99999999999999999999', part(0, 1000)],
    ['bytes=-5000', part(0, 1000)],
    ['bytes=-99999999999999999999', part(0, 1000)],
  ])('%s is cut at the end', (header, expected) => {
    expect(decideRange(header, SIZE)).toEqual(expected);
  });

  test.each([
    undefined,
    '',
    'chunks=0-5',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=5-2',
    'bytes=0x1-0x5',
    'bytes=1e1-20',
    'bytes=+1-2',
    'bytes=--5',
    'bytes=0-1,5-6',
    'bytes=0-1,',
    'bytes=1 - 2',
    'bytes 0-5/1000',
  ])('%s is ignored', (header) => {
    expect(decideRange(header, SIZE)).toEqual({ kind: 'whole' });
  });

  test.each(['bytes=1000-', 'bytes=1000-1001', 'bytes=-0', 'bytes=99999999999999999999-'])(
    '%s cannot be answered',
    (header) => {
      expect(decideRange(header, SIZE)).toEqual({ kind: 'unsatisfiable' });
    },
  );

  test('of nothing cannot be answered', () => {
    expect(decideRange('bytes=0-', 0)).toEqual({ kind: 'unsatisfiable' });
    expect(decideRange('bytes=-5', 0)).toEqual({ kind: 'unsatisfiable' });
  });
});

test('Content-Range names the first and last byte', () => {
  expect(formatContentRange(990, 10, SIZE)).toBe('bytes 990-999/1000');
});
