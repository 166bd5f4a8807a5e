import { describe, expect, test } from 'vitest';

import type { SeriesValues } from '../../src/contracts/metrics.ts';
import { toGauges } from '../../workers/monitor/gauges.ts';
import { renderMetrics } from '../../workers/monitor/render-metrics.ts';
import { addBatch, EMPTY_SHARD, sumShards } from '../../workers/monitor/shard-state.ts';

const DURATION = 'streamgate_http_request_duration_seconds';

function linesOf(series: SeriesValues, name: string): string[] {
  return renderMetrics(series)
    .split('\n')
    .filter((line) => line.startsWith(name));
}

describe('renderMetrics', () => {
  test('each family has help and type once, directly before its series', () => {
    const text = renderMetrics({ 'streamgate_segments_total{cache="miss"}': 3 });
    expect(text).toMatch(
      /# HELP streamgate_segments_total .+\n# TYPE streamgate_segments_total counter\nstreamgate_segments_total\{cache="miss"\} 3\n/,
    );
    expect(text.match(/# TYPE streamgate_segments_total /g)).toHaveLength(1);
    expect(text.endsWith('\n')).toBe(true);
  });

  test('buckets of one label set stay together and rise, whatever order they came in', () => {
    const series = Object.fromEntries(
      ['a', 'b'].flatMap((route) => [
        [`${DURATION}_count{service="s",route="${route}"}`, 4],
        ...['10', '+Inf', '0.005', '2.5'].map((le) => [
          `${DURATION}_bucket{service="s",route="${route}",le="${le}"}`,
          4,
        ]),
      ]),
    );
    expect(linesOf(series, DURATION)).toEqual(
      ['a', 'b'].flatMap((route) => [
        ...['0.005', '2.5', '10', '+Inf'].map(
          (le) => `${DURATION}_bucket{service="s",route="${route}",le="${le}"} 4`,
        ),
        `${DURATION}_count{service="s",route="${route}"} 4`,
      ]),
    );
  });

  test('a series of no family is left out', () => {
    expect(renderMetrics({ made_up_total: 1 })).not.toContain('made_up_total');
  });

  test('what the platform did not say has no series', () => {
    const gauges = toGauges(
      { ready: false, checks: [{ name: 'database', ok: false, detail: '' }] },
      [],
    );
    expect(gauges).toEqual({
      streamgate_ready: 0,
      'streamgate_check_ok{check="database"}': 0,
    });
  });
});

describe('addBatch', () => {
  test('adds, and a batch that comes twice counts once', () => {
    const batch = { id: 'one', increments: { a: 2 } };
    const first = addBatch(EMPTY_SHARD, batch, 0);
    expect(addBatch(first, batch, 1)).toBe(first);
    expect(addBatch(first, { id: 'two', increments: { a: 3, b: 1 } }, 2).series).toEqual({
      a: 5,
      b: 1,
    });
  });

  test('forgets batches that cannot come again, so that it does not grow', () => {
    let state = EMPTY_SHARD;
    for (let each = 0; each < 100; each += 1)
      state = addBatch(state, { id: String(each), increments: { a: 1 } }, each * 60_000);
    expect(Object.keys(state.batches)).toHaveLength(10);
    expect(state.series).toEqual({ a: 100 });
  });

  test('begins no series beyond the limit, and goes on counting those it has', () => {
    const increments = Object.fromEntries(
      Array.from({ length: 6000 }, (_, each) => [`s${each}`, 1]),
    );
    const full = addBatch(EMPTY_SHARD, { id: 'one', increments }, 0);
    const more = addBatch(full, { id: 'two', increments: { s0: 1, fresh: 1 } }, 1);
    expect(Object.keys(more.series)).toHaveLength(5000);
    expect(more.series['s0']).toBe(2);
  });

  test('the total is the sum of the shards', () => {
    expect(sumShards([{ a: 1, b: 2 }, { a: 3 }, {}])).toEqual({ a: 4, b: 2 });
  });
});
