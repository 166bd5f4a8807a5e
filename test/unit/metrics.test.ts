import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { seriesOf } from '../../src/contracts/metrics.ts';
import type { MetricBatch } from '../../src/contracts/metrics.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { Metrics } from '../../src/kernel/metrics.ts';

const BYTES = 'streamgate_upload_bytes_total';

/** An isolate's metrics and the batches that were taken from it; `refuse` makes sending fail. */
function anIsolate() {
  const state = { sent: [] as MetricBatch[], kept: [] as Promise<unknown>[], refuse: false };
  const metrics = new Metrics({
    waitUntil: (work) => void state.kept.push(work),
    send: async (batch) => {
      state.sent.push(batch);
      if (state.refuse) throw new Error('nobody is there');
    },
    logger: createLogger('error'),
  });
  return { metrics, state };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('Metrics', () => {
  test('many counts make one batch, sent some seconds after the first', async () => {
    const { metrics, state } = anIsolate();
    for (let each = 0; each < 100; each += 1) metrics.count(BYTES, {}, 10);
    await vi.advanceTimersByTimeAsync(9000);
    expect(state.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(state.sent.map(({ increments }) => increments)).toEqual([{ [BYTES]: 1000 }]);
    expect(state.kept).toHaveLength(1);
  });

  test('what was counted after a flush goes out with the next one, under another id', async () => {
    const { metrics, state } = anIsolate();
    metrics.count(BYTES, {}, 1);
    await vi.advanceTimersByTimeAsync(11_000);
    metrics.count(BYTES, {}, 2);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(state.sent.map(({ increments }) => increments[BYTES])).toEqual([1, 2]);
    expect(new Set(state.sent.map(({ id }) => id)).size).toBe(2);
  });

  test('a batch that was not taken is sent again as it was, before anything newer', async () => {
    const { metrics, state } = anIsolate();
    vi.spyOn(console, 'log').mockReturnValue();
    state.refuse = true;
    metrics.count(BYTES, {}, 1);
    await metrics.flush();
    metrics.count(BYTES, {}, 2);
    state.refuse = false;
    await metrics.flush();
    await metrics.flush();
    await metrics.flush();
    const [first, again, newer, ...rest] = state.sent;
    expect(again).toEqual(first);
    expect(newer?.increments).toEqual({ [BYTES]: 2 });
    expect(rest).toEqual([]);
  });

  test('a flush that died with its request is begun anew by a later count', async () => {
    const { metrics, state } = anIsolate();
    metrics.count(BYTES, {});
    vi.clearAllTimers();
    vi.setSystemTime(Date.now() + 16_000);
    metrics.count(BYTES, {});
    await vi.advanceTimersByTimeAsync(11_000);
    expect(state.sent.map(({ increments }) => increments)).toEqual([{ [BYTES]: 2 }]);
  });

  test('a histogram has cumulative buckets, sum and count, and a value on a bound is within it', async () => {
    const { metrics, state } = anIsolate();
    for (const seconds of [0.5, 1, 700])
      metrics.observe(
        'streamgate_task_duration_seconds',
        { kind: 'video', outcome: 'accepted' },
        seconds,
      );
    await metrics.flush();
    const series = state.sent[0]?.increments ?? {};
    const bucket = (le: string): number | undefined =>
      series[`streamgate_task_duration_seconds_bucket{kind="video",outcome="accepted",le="${le}"}`];
    expect([bucket('0.5'), bucket('1'), bucket('600'), bucket('+Inf')]).toEqual([1, 2, 2, 3]);
    expect(series['streamgate_task_duration_seconds_sum{kind="video",outcome="accepted"}']).toBe(
      701.5,
    );
    expect(series['streamgate_task_duration_seconds_count{kind="video",outcome="accepted"}']).toBe(
      3,
    );
  });
});

describe('seriesOf', () => {
  test('writes labels as Prometheus does, with what would end them escaped', () => {
    expect(seriesOf('up', {})).toBe('up');
    expect(seriesOf('up', { a: 'x"y', b: '\\\n' })).toBe('up{a="x\\"y",b="\\\\\\n"}');
  });
});
