import type { MetricPoint } from '../../src/contracts/alerts.ts';
import { HISTOGRAMS } from '../../src/contracts/metrics.ts';
import type { SeriesValues } from '../../src/contracts/metrics.ts';
import type { PlatformState } from './platform-facts.ts';

const LATENCY = 'streamgate_http_request_duration_seconds';
/** Who looks whether we are well is no user: `/ready` answers 503 when it does its work. */
const PROBE = /route="\/(ready|health|health\/live|metrics)"/;

export interface TimedPoint {
  /** ms */
  readonly at: number;
  readonly point: MetricPoint;
}

/** The counters and the state of the platform as one point. */
export function toPoint(series: SeriesValues, state: PlatformState): MetricPoint {
  const requests = seriesBelow(series, 'streamgate_http_requests_total').filter(
    ([name]) => !PROBE.test(name),
  );
  const { workload, outbox } = state;
  return {
    requests: sumOf(requests),
    serverErrors: sumOf(requests.filter(([name]) => name.includes('status="5xx"'))),
    latencyBuckets: latencyBuckets(series),
    segments: sumOf(seriesBelow(series, 'streamgate_segments_total')),
    segmentBytes: sumOf(seriesBelow(series, 'streamgate_segment_bytes_total')),
    uploadBytes: sumOf(seriesBelow(series, 'streamgate_upload_bytes_total')),
    playbackStarts: sumOf(seriesBelow(series, 'streamgate_playback_starts_total')),
    taskMediaSeconds: sumOf(seriesBelow(series, 'streamgate_task_media_seconds_total')),
    ready: state.ready,
    ...(state.queues && {
      queueMessages: state.queues.reduce((sum, { messages }) => sum + messages, 0),
      queueLagSeconds: Math.max(0, ...state.queues.map(({ oldestSeconds }) => oldestSeconds)),
    }),
    ...(outbox && { deadLetters: outbox.dead }),
    ...(workload && {
      backlogMediaSeconds: workload.backlogMediaSeconds,
      standstillSeconds: workload.longestStandstillSeconds,
    }),
  };
}

/** Server errors among all requests between two points; 0 while fewer were made than say anything. */
export function errorRatio(from: MetricPoint, to: MetricPoint, least: number): number {
  const requests = to.requests - from.requests;
  if (requests < Math.max(1, least)) return 0;
  return Math.max(0, to.serverErrors - from.serverErrors) / requests;
}

/** How many times faster than the objective allows the error budget is spent; at 1 it lasts exactly as long as it should. */
export function burnRate(ratio: number, objective: number): number {
  return ratio / (1 - objective);
}

/** The time below which this share of the requests between two points stayed, by interpolation within its bucket; undefined without requests. */
export function latencyQuantile(
  from: MetricPoint,
  to: MetricPoint,
  share: number,
): number | undefined {
  const { buckets: bounds } = HISTOGRAMS[LATENCY];
  const counts = to.latencyBuckets.map((each, place) => each - (from.latencyBuckets[place] ?? 0));
  const total = counts.at(-1) ?? 0;
  if (total <= 0) return undefined;
  const rank = share * total;
  const place = counts.findIndex((count) => count >= rank);
  const upper = bounds[place];
  if (upper === undefined) return bounds.at(-1);
  const lower = bounds[place - 1] ?? 0;
  const below = counts[place - 1] ?? 0;
  const within = (counts[place] ?? 0) - below;
  return lower + ((upper - lower) * (rank - below)) / within;
}

function latencyBuckets(series: SeriesValues): number[] {
  const bounds = [...HISTOGRAMS[LATENCY].buckets.map(String), '+Inf'];
  const buckets = seriesBelow(series, `${LATENCY}_bucket`).filter(([name]) => !PROBE.test(name));
  return bounds.map((le) => sumOf(buckets.filter(([name]) => name.includes(`le="${le}"`))));
}

function seriesBelow(series: SeriesValues, name: string): [string, number][] {
  return Object.entries(series).filter(([each]) => each === name || each.startsWith(`${name}{`));
}

function sumOf(entries: readonly [string, number][]): number {
  return entries.reduce((sum, [, value]) => sum + value, 0);
}
