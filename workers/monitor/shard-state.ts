import type { MetricBatch, SeriesValues } from '../../src/contracts/metrics.ts';

/** A batch that comes again later than this counts twice. */
const REMEMBER_MS = 10 * 60_000;
/** Label values come from closed sets, so this many series mean a mistake of ours: no more are begun. */
const MAX_SERIES = 5000;

export interface ShardState {
  readonly series: SeriesValues;
  /** When each batch was taken, ms. */
  readonly batches: Readonly<Record<string, number>>;
}

export const EMPTY_SHARD: ShardState = { series: {}, batches: {} };

/** Adds a batch; the same state comes back for one that was taken before. */
export function addBatch(state: ShardState, batch: MetricBatch, now: number): ShardState {
  if (state.batches[batch.id] !== undefined) return state;
  const series: Record<string, number> = { ...state.series };
  let size = Object.keys(series).length;
  for (const [name, by] of Object.entries(batch.increments)) {
    const before = series[name];
    if (before === undefined && size >= MAX_SERIES) continue;
    if (before === undefined) size += 1;
    series[name] = (before ?? 0) + by;
  }
  const recent = Object.entries(state.batches).filter(([, at]) => at > now - REMEMBER_MS);
  return { series, batches: { ...Object.fromEntries(recent), [batch.id]: now } };
}

/** The same counters kept in several places, as one. */
export function sumShards(shards: readonly SeriesValues[]): SeriesValues {
  const total: Record<string, number> = {};
  for (const shard of shards) {
    for (const [name, value] of Object.entries(shard)) total[name] = (total[name] ?? 0) + value;
  }
  return total;
}
