import { describe, expect, test } from 'vitest';

import {
  formatPct,
  formatRate,
  formatSpan,
  formatSpeed,
  lastOf,
} from '../../web/src/status-figures.ts';

describe('figures of the status page', () => {
  test('spans are told in the unit that a person would take', () => {
    const spans = [0, 0.0004, 0.12, 4.25, 90, 5400].map(formatSpan);
    expect(spans).toEqual(['0 s', '1 ms', '120 ms', '4.25 s', '2 min', '1.5 h']);
  });

  test('rates, shares and speeds have three digits that count', () => {
    expect(formatRate(0.123_45)).toBe('0.123');
    expect(formatRate(20)).toBe('20');
    expect(formatPct(0.002_31)).toBe('0.231 %');
    expect(formatSpeed(1_400_000)).toBe('1.4 MB/s');
  });

  test('the newest value that is known, which may lie before a gap', () => {
    expect(lastOf([1, 2, null])).toBe(2);
    expect(lastOf([0])).toBe(0);
    expect(lastOf([null])).toBeUndefined();
  });
});
