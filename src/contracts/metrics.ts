/** What was counted since the last batch, by series. A repeat has the same id, so that it counts once. */
export interface MetricBatch {
  readonly id: string;
  readonly increments: SeriesValues;
}

/** Values by series, a series being written as Prometheus does: `name{label="value"}`. */
export type SeriesValues = Readonly<Record<string, number>>;

interface Family {
  readonly help: string;
  readonly labels: readonly string[];
}

const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const TASK_SECONDS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
const SPEED_RATIOS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32];

/** Counters. Label values come from closed sets: never an id, a path or anything else that a caller chooses. */
export const COUNTERS = {
  streamgate_http_requests_total: {
    help: 'Requests answered, by the status class of the answer.',
    labels: ['service', 'route', 'method', 'status'],
  },
  streamgate_errors_total: {
    help: 'Error answers by error code.',
    labels: ['code'],
  },
  streamgate_upload_bytes_total: {
    help: 'Bytes of sources that were stored.',
    labels: [],
  },
  streamgate_playback_starts_total: {
    help: 'Manifests handed out: a player began, or looked again.',
    labels: ['protocol'],
  },
  streamgate_segments_total: {
    help: 'Media segments answered: read from the store (miss), or still good at the viewer (revalidated).',
    labels: ['cache'],
  },
  streamgate_segment_bytes_total: {
    help: 'Bytes of media segments sent.',
    labels: [],
  },
  streamgate_task_media_seconds_total: {
    help: 'Media that accepted encoder tasks made, in its own time.',
    labels: ['kind'],
  },
} as const satisfies Readonly<Record<string, Family>>;

/** Histograms with the upper bounds of their buckets; `+Inf` is added. */
export const HISTOGRAMS = {
  streamgate_http_request_duration_seconds: {
    help: 'Time from the request to the head of its answer.',
    labels: ['service', 'route'],
    buckets: REQUEST_SECONDS,
  },
  streamgate_task_duration_seconds: {
    help: 'Time of encoder attempts, by how they ended.',
    labels: ['kind', 'outcome'],
    buckets: TASK_SECONDS,
  },
  streamgate_task_speed_ratio: {
    help: 'Seconds of media that accepted encoder tasks made in a second.',
    labels: ['kind'],
    buckets: SPEED_RATIOS,
  },
} as const satisfies Readonly<Record<string, Family & { readonly buckets: readonly number[] }>>;

export type CounterName = keyof typeof COUNTERS;
export type HistogramName = keyof typeof HISTOGRAMS;
type Families = typeof COUNTERS & typeof HISTOGRAMS;

/** Exactly the labels of a counter or histogram. */
export type LabelsOf<Name extends CounterName | HistogramName> = Readonly<
  Record<Families[Name]['labels'][number], string>
>;

/** The series of a name and its labels. The same labels in the same order make the same series. */
export function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
