import { describe, expect, test } from 'vitest';

import type { AlertState, MetricPoint } from '../../src/contracts/alerts.ts';
import { alertRules } from '../../workers/monitor/alert-rules.ts';
import type { Lookback } from '../../workers/monitor/alert-rules.ts';
import { QUIET, stepAlert } from '../../workers/monitor/alert-state.ts';
import type { AlertStep } from '../../workers/monitor/alert-state.ts';
import {
  burnRate,
  errorRatio,
  latencyQuantile,
  toPoint,
} from '../../workers/monitor/metric-point.ts';
import { toStatusSeries } from '../../workers/monitor/status-series.ts';

const LIMITS = { threshold: 10, clearBelow: 8, forMs: 60_000, clearForMs: 120_000 };
const MINUTE = 60_000;

const POINT: MetricPoint = {
  requests: 0,
  serverErrors: 0,
  latencyBuckets: Array.from({ length: 14 }, () => 0),
  segments: 0,
  segmentBytes: 0,
  uploadBytes: 0,
  playbackStarts: 0,
  taskMediaSeconds: 0,
  ready: true,
};

/** One look a minute at these values; every step in order. */
function watch(values: readonly (number | undefined)[]): AlertStep[] {
  let state: AlertState = QUIET;
  return values.map((value, minute) => {
    const look = { now: minute * MINUTE, newId: `alr_${minute}` };
    const step = stepAlert(state, value, LIMITS, look);
    state = step.state;
    return step;
  });
}

function phases(values: readonly (number | undefined)[]): string[] {
  return watch(values).map(({ state, change }) => change ?? state.phase);
}

describe('stepAlert', () => {
  test('fires only when it has been too much for long enough', () => {
    expect(phases([5, 12, 12, 12])).toEqual(['quiet', 'pending', 'triggered', 'firing']);
  });

  test('a short peak is forgotten and its time does not count later', () => {
    expect(phases([12, 5, 12, 12])).toEqual(['pending', 'quiet', 'pending', 'triggered']);
  });

  test('a value between the two limits ends nothing, and one below must stay there', () => {
    expect(phases([12, 12, 9, 9, 9, 9])).toEqual([
      'pending',
      'triggered',
      ...['firing', 'firing', 'firing', 'firing'],
    ]);
    expect(phases([12, 12, 7, 7, 9, 7, 7, 7])).toEqual([
      'pending',
      'triggered',
      ...['firing', 'firing', 'firing', 'firing', 'firing'],
      'resolved',
    ]);
  });

  test('a value that is not known changes nothing', () => {
    expect(phases([12, undefined, 12])).toEqual(['pending', 'pending', 'triggered']);
    expect(phases([12, 12, undefined, undefined, undefined])).toEqual([
      'pending',
      'triggered',
      ...['firing', 'firing', 'firing'],
    ]);
  });

  test('one alert keeps its id and its worst value; the next one is another', () => {
    const steps = watch([12, 12, 30, 12, 1, 1, 1, 12, 12]);
    expect(steps[3]?.state).toEqual({ phase: 'firing', alertId: 'alr_1', peak: 30 });
    expect(steps[6]?.change).toBe('resolved');
    expect(steps[8]?.state).toMatchObject({ alertId: 'alr_8', peak: 12 });
  });
});

describe('the error rules', () => {
  const rules = alertRules({
    ALERT_BACKLOG_MINUTES: 60,
    ALERT_ERROR_PCT: 5,
    ALERT_STUCK_JOB_MINUTES: 30,
    ALERT_QUEUE_LAG_SECONDS: 300,
    ALERT_AVAILABILITY_PCT: 99.9,
  });
  const at = (requests: number, serverErrors: number) => ({
    at: 0,
    point: { ...POINT, requests, serverErrors },
  });
  const measure = (name: string, look: Lookback): number | undefined =>
    rules.find((rule) => rule.name === name)?.measure(look);

  test('the budget burns only when it burns in the long and in the short window', () => {
    const latest = at(100_000, 2000);
    const over = {
      latest,
      first: { '5m': at(90_000, 2000), '30m': at(50_000, 0), '1h': at(0, 0), '6h': at(0, 0) },
    };
    expect(measure('availability_fast_burn', over)).toBe(0);
    const burning = { latest, first: { ...over.first, '5m': at(90_000, 1800) } };
    expect(measure('availability_fast_burn', burning)).toBeCloseTo(20);
    expect(measure('availability_slow_burn', burning)).toBeCloseTo(20);
  });

  test('a handful of requests says nothing', () => {
    expect(errorRatio(at(0, 0).point, at(10, 10).point, 20)).toBe(0);
    expect(errorRatio(at(0, 0).point, at(40, 10).point, 20)).toBe(0.25);
    expect(errorRatio(at(40, 10).point, at(40, 10).point, 0)).toBe(0);
  });

  test('at the rate of the objective the budget burns once', () => {
    expect(burnRate(0.001, 0.999)).toBeCloseTo(1);
    expect(burnRate(0.05, 0.95)).toBeCloseTo(1);
  });
});

describe('points', () => {
  test('probes are no users: their 503 is no error of the platform', () => {
    const series = {
      'streamgate_http_requests_total{service="monitor",route="/ready",method="GET",status="5xx"}': 7,
      'streamgate_http_requests_total{service="upload",route="/api/v1/uploads",method="POST",status="2xx"}': 3,
      'streamgate_http_requests_total{service="upload",route="/api/v1/uploads",method="POST",status="5xx"}': 1,
    };
    expect(toPoint(series, { ready: true, checks: [] })).toMatchObject({
      requests: 4,
      serverErrors: 1,
    });
  });

  test('a quantile lies within its bucket, beyond the last one it is its bound', () => {
    const buckets = (counts: readonly number[]): MetricPoint => ({
      ...POINT,
      latencyBuckets: counts,
    });
    const half = [0, 0, 0, 0, 0, 50, 100, 100, 100, 100, 100, 100, 100, 100];
    expect(latencyQuantile(POINT, buckets(half), 0.5)).toBeCloseTo(0.25);
    expect(latencyQuantile(POINT, buckets(half), 0.75)).toBeCloseTo(0.375);
    const slow = [...Array.from({ length: 13 }, () => 0), 10];
    expect(latencyQuantile(POINT, buckets(slow), 0.95)).toBe(60);
    expect(latencyQuantile(POINT, POINT, 0.95)).toBeUndefined();
  });

  test('series are rates between points; a counter that fell is no negative rate', () => {
    const series = toStatusSeries([
      { at: 0, point: POINT },
      { at: 10_000, point: { ...POINT, requests: 50, serverErrors: 5, uploadBytes: 1000 } },
      { at: 20_000, point: { ...POINT, backlogMediaSeconds: 9 } },
    ]);
    expect(series.at).toEqual([10_000, 20_000]);
    expect(series.requestsPerSecond).toEqual([5, 0]);
    expect(series.serverErrorRatio).toEqual([0.1, null]);
    expect(series.uploadBytesPerSecond).toEqual([100, 0]);
    expect(series.backlogMediaSeconds).toEqual([null, 9]);
  });
});
