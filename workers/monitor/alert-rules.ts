import type { AlertSeverity } from '../../src/contracts/alerts.ts';
import type { Config } from '../../src/kernel/config.ts';
import type { AlertLimits } from './alert-state.ts';
import { burnRate, errorRatio } from './metric-point.ts';
import type { TimedPoint } from './metric-point.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** With fewer requests a share of errors says nothing. */
const LEAST_REQUESTS = 20;
/** A value comes back by this much before an alert may end. */
const CLEAR_SHARE = 0.8;

/** The time spans that rules look back over, ms. */
export const WINDOWS_MS = {
  '5m': 5 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '6h': 6 * HOUR_MS,
} as const;

/** The newest point, and the first one within each window. */
export interface Lookback {
  readonly latest: TimedPoint;
  readonly first: Readonly<Record<keyof typeof WINDOWS_MS, TimedPoint>>;
}

export interface AlertRule extends AlertLimits {
  readonly name: string;
  readonly severity: AlertSeverity;
  readonly unit: 'seconds' | 'ratio' | 'count' | 'burn rate';
  /** For the person who is called. */
  readonly summary: string;
  /** Undefined when it is not known. */
  measure(look: Lookback): number | undefined;
}

export type AlertThresholds = Pick<
  Config,
  | 'ALERT_BACKLOG_MINUTES'
  | 'ALERT_ERROR_PCT'
  | 'ALERT_STUCK_JOB_MINUTES'
  | 'ALERT_QUEUE_LAG_SECONDS'
  | 'ALERT_AVAILABILITY_PCT'
>;

/** Every rule, with its limits from the configuration. */
export function alertRules(config: AlertThresholds): readonly AlertRule[] {
  return [...stateRules(config), ...errorRules(config)];
}

function stateRules(config: AlertThresholds): AlertRule[] {
  return [
    {
      name: 'not_ready',
      severity: 'critical',
      unit: 'count',
      summary: 'Uploads or transcodes do not work. GET /ready names what is missing.',
      ...{ threshold: 1, clearBelow: 1, forMs: 3 * MINUTE_MS, clearForMs: 2 * MINUTE_MS },
      measure: ({ latest }) => Number(!latest.point.ready),
    },
    {
      name: 'encode_backlog',
      severity: 'warning',
      unit: 'seconds',
      summary: 'More media waits to be encoded than the encoder can take. Give it more slots.',
      ...limits(config.ALERT_BACKLOG_MINUTES * 60, 10 * MINUTE_MS),
      measure: ({ latest }) => latest.point.backlogMediaSeconds,
    },
    {
      name: 'stuck_job',
      severity: 'critical',
      unit: 'seconds',
      summary: 'A transcode job has not moved. GET /api/v1/jobs/{id} says why it waits.',
      ...limits(config.ALERT_STUCK_JOB_MINUTES * 60, 0),
      measure: ({ latest }) => latest.point.standstillSeconds,
    },
    {
      name: 'queue_lag',
      severity: 'warning',
      unit: 'seconds',
      summary: 'Messages wait long in a queue: consumers fail or are too slow.',
      ...limits(config.ALERT_QUEUE_LAG_SECONDS, 5 * MINUTE_MS),
      measure: ({ latest }) => latest.point.queueLagSeconds,
    },
    {
      name: 'dead_letters',
      severity: 'warning',
      unit: 'count',
      summary: 'Events could not be handled to the end. Replay them under /api/v1/background.',
      ...{ threshold: 1, clearBelow: 1, forMs: 0, clearForMs: 0 },
      measure: ({ latest }) => latest.point.deadLetters,
    },
  ];
}

function errorRules(config: AlertThresholds): AlertRule[] {
  const objective = config.ALERT_AVAILABILITY_PCT / 100;
  const burning = (windows: readonly (keyof typeof WINDOWS_MS)[]) => (look: Lookback) =>
    // Both must burn: the long one that it matters, the short one that it still goes on.
    Math.min(...windows.map((window) => burnRate(ratioOf(look, window), objective)));
  return [
    {
      name: 'error_rate',
      severity: 'critical',
      unit: 'ratio',
      summary: 'Many requests end in a server error. The log lines request.failed name the causes.',
      ...limits(config.ALERT_ERROR_PCT / 100, 5 * MINUTE_MS),
      measure: (look) => ratioOf(look, '5m'),
    },
    {
      name: 'availability_fast_burn',
      severity: 'critical',
      unit: 'burn rate',
      summary: 'At this rate of errors the error budget of a month is spent within two days.',
      ...limits(14.4, 0),
      measure: burning(['1h', '5m']),
    },
    {
      name: 'availability_slow_burn',
      severity: 'warning',
      unit: 'burn rate',
      summary: 'At this rate of errors the error budget of a month is spent within five days.',
      ...limits(6, 0),
      measure: burning(['6h', '30m']),
    },
  ];
}

function ratioOf({ latest, first }: Lookback, window: keyof typeof WINDOWS_MS): number {
  return errorRatio(first[window].point, latest.point, LEAST_REQUESTS);
}

function limits(threshold: number, forMs: number): AlertLimits {
  return {
    threshold,
    clearBelow: threshold * CLEAR_SHARE,
    forMs,
    clearForMs: 5 * MINUTE_MS,
  };
}
