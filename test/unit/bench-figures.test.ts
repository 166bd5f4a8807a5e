import { describe, expect, test } from 'vitest';

import { judge, percentile } from '../bench/figure.ts';
import { parseAutocannon, parseWrk } from '../bench/load.ts';
import { renderTable } from '../bench/render-table.ts';

const WRK = `Running 6s test @ http://127.0.0.1:9200/a
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    85.16ms   76.09ms 526.86ms   87.77%
    Req/Sec   232.61    148.10   570.00     60.87%
  4428 requests in 20.10s, 4.33GB read
Requests/sec:    220.28
Transfer/sec:    220.58MB
`;

describe('judge', () => {
  test('the median counts, and a figure at its limit passes', () => {
    const verdict = judge({ name: 'a', values: [1, 9, 1.5], limit: 1.5 });
    expect(verdict).toEqual({ value: 1.5, lowest: 1, highest: 9, passed: true });
  });

  test('the worst value counts where it is asked for', () => {
    expect(judge({ name: 'a', values: [1, 9, 2], limit: 3, worst: true })).toMatchObject({
      value: 9,
      passed: false,
    });
  });

  test('some figures must not be below their target', () => {
    expect(judge({ name: 'a', values: [0.6], atLeast: 0.6 }).passed).toBe(true);
    expect(judge({ name: 'a', values: [0.59], atLeast: 0.6 }).passed).toBe(false);
  });

  test('a figure without a limit neither passes nor fails', () => {
    expect(judge({ name: 'a', values: [1] }).passed).toBeUndefined();
  });

  test('nothing measured is an error, not a good figure', () => {
    expect(() => judge({ name: 'a', values: [], limit: 1 })).toThrow('"a" has no usable');
    expect(() => judge({ name: 'a', values: [1, NaN], limit: 1 })).toThrow('"a" has no usable');
  });
});

describe('percentile', () => {
  test('the p99 of few values is the largest', () => {
    expect(percentile([3, 1, 2], 0.99)).toBe(3);
  });

  test('the p99 of a hundred values is the ninety-ninth', () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(percentile(values, 0.99)).toBe(99);
  });

  test('the median of an even number lies between the two in the middle', () => {
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5);
  });
});

describe('parseWrk', () => {
  test('reads requests, rate and bytes', () => {
    const { requests, requestsPerSecond, bytes, errors } = parseWrk(WRK);
    expect({ requests, requestsPerSecond, errors }).toEqual({
      requests: 4428,
      requestsPerSecond: 220.28,
      errors: 0,
    });
    expect(bytes / 2 ** 30).toBeCloseTo(4.335, 5);
  });

  test('counts refusals and broken connections', () => {
    const faults =
      '  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 5\n';
    expect(parseWrk(WRK.replace('Requests/sec', `${faults}Requests/sec`)).errors).toBe(15);
  });

  test('refuses anything else', () => {
    expect(() => parseWrk('unable to connect')).toThrow('no report of wrk');
  });
});

describe('parseAutocannon', () => {
  test('reads requests, rate, bytes and errors', () => {
    const report = {
      requests: { total: 10, average: 5 },
      throughput: { total: 99 },
      errors: 1,
      non2xx: 2,
    };
    expect(parseAutocannon(JSON.stringify(report))).toEqual({
      requests: 10,
      requestsPerSecond: 5,
      bytes: 99,
      errors: 3,
    });
  });
});

describe('renderTable', () => {
  test('shows target, value, range, verdict and load, and what the figure is made of', () => {
    const figure = { name: 'CPU', values: [1, 2, 3], limit: 1.5, unit: 's', note: 'of two parts' };
    const table = renderTable([{ ...figure, ...judge(figure), load: '0.10 on 2 cores' }]);
    expect(table.split('\n').at(2)).toBe(
      '| CPU    | ≤ 1.5 s | 2 s      | 1 – 3 | FAIL | 0.10 on 2 cores |',
    );
    expect(table).toContain('* CPU: of two parts');
  });
});
