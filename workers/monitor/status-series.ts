import { latencyQuantile } from './metric-point.ts';
import type { TimedPoint } from './metric-point.ts';

/** The last day in steps; every list has one entry a step, `null` where nothing is known. */
export interface StatusSeries {
  /** End of each step, ms. */
  readonly at: readonly number[];
  readonly requestsPerSecond: readonly (number | null)[];
  readonly serverErrorRatio: readonly (number | null)[];
  readonly latencyP95Seconds: readonly (number | null)[];
  readonly segmentBytesPerSecond: readonly (number | null)[];
  readonly uploadBytesPerSecond: readonly (number | null)[];
  readonly playbackStarts: readonly (number | null)[];
  /** Media encoded in a second, in its own time. */
  readonly encodeSpeed: readonly (number | null)[];
  readonly backlogMediaSeconds: readonly (number | null)[];
  readonly queueMessages: readonly (number | null)[];
}

/** Points at the ends of steps, oldest first, as rates between them. */
export function toStatusSeries(points: readonly TimedPoint[]): StatusSeries {
  const steps = points.slice(1).flatMap((to, place) => {
    const from = points[place];
    return from === undefined ? [] : [{ from, to }];
  });
  const each = (
    measure: (step: { from: TimedPoint; to: TimedPoint }) => number | undefined,
  ): (number | null)[] => steps.map((step) => measure(step) ?? null);
  const perSecond = (
    name: 'requests' | 'segmentBytes' | 'uploadBytes' | 'taskMediaSeconds',
  ): (number | null)[] =>
    each(({ from, to }) => (rise(from, to, name) * 1000) / Math.max(1, to.at - from.at));
  return {
    at: steps.map(({ to }) => to.at),
    requestsPerSecond: perSecond('requests'),
    serverErrorRatio: each(({ from, to }) => {
      const requests = rise(from, to, 'requests');
      return requests === 0 ? undefined : rise(from, to, 'serverErrors') / requests;
    }),
    latencyP95Seconds: each(({ from, to }) => latencyQuantile(from.point, to.point, 0.95)),
    segmentBytesPerSecond: perSecond('segmentBytes'),
    uploadBytesPerSecond: perSecond('uploadBytes'),
    playbackStarts: each(({ from, to }) => rise(from, to, 'playbackStarts')),
    encodeSpeed: perSecond('taskMediaSeconds'),
    backlogMediaSeconds: each(({ to }) => to.point.backlogMediaSeconds),
    queueMessages: each(({ to }) => to.point.queueMessages),
  };
}

/** What a counter gained; a counter that fell began anew. */
function rise(
  from: TimedPoint,
  to: TimedPoint,
  name:
    | 'requests'
    | 'serverErrors'
    | 'segmentBytes'
    | 'uploadBytes'
    | 'playbackStarts'
    | 'taskMediaSeconds',
): number {
  return Math.max(0, to.point[name] - from.point[name]);
}
