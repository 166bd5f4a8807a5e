import { HISTOGRAMS, seriesOf } from '../contracts/metrics.ts';
import type {
  CounterName,
  HistogramName,
  LabelsOf,
  MetricBatch,
  SeriesValues,
} from '../contracts/metrics.ts';
import type { Logger } from './logger.ts';

/** How long a count may stay in the isolate: what an isolate that dies takes with it. */
const FLUSH_EVERY_MS = 10_000;
/** A flush that has not come this long after its time died with its request: another one is begun. */
const LATE_MS = 5000;

export interface MetricParts {
  /** Keeps a promise alive beyond the request that is being answered. */
  waitUntil(work: Promise<unknown>): void;
  /** Hands a batch to the one that keeps the counts. A batch that was not taken is sent again with the same id. */
  send(batch: MetricBatch): Promise<void>;
  readonly logger: Logger;
}

interface Observed {
  readonly name: HistogramName;
  readonly labels: Readonly<Record<string, string>>;
  /** Observations by bucket, the last one being `+Inf`; not cumulative. */
  readonly counts: number[];
  sum: number;
}

/**
 * Counts for the whole deployment. A count is an addition in memory; every ten seconds an isolate that counted sends what
 * it has, so nothing here is a record and no store is written per request. Nothing is awaited by a request.
 */
export class Metrics {
  private counts = new Map<string, number>();
  private observed = new Map<string, Observed>();
  private unsent: MetricBatch | undefined;
  private armedUntil = 0;
  private readonly parts: MetricParts;

  constructor(parts: MetricParts) {
    this.parts = parts;
  }

  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    this.add(seriesOf(name, labels), by);
  }

  /** For callers to whom even the writing of a series is dear: they keep it. */
  add(series: string, by: number): void {
    this.counts.set(series, (this.counts.get(series) ?? 0) + by);
    this.arm();
  }

  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, value: number): void {
    const series = seriesOf(name, labels);
    const bounds = HISTOGRAMS[name].buckets;
    let held = this.observed.get(series);
    if (held === undefined) {
      held = { name, labels, counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 };
      this.observed.set(series, held);
    }
    const found = bounds.findIndex((bound) => value <= bound);
    const bucket = found === -1 ? bounds.length : found;
    held.counts[bucket] = (held.counts[bucket] ?? 0) + 1;
    held.sum += value;
    this.arm();
  }

  /** Sends what was counted. Never throws: what was not taken is kept and sent again. */
  async flush(): Promise<void> {
    const batch = this.unsent ?? this.take();
    if (batch === undefined) return;
    this.unsent = batch;
    try {
      await this.parts.send(batch);
      if (this.unsent === batch) this.unsent = undefined;
    } catch (error) {
      this.parts.logger.warn('metrics.send.failed', { error });
    }
  }

  private arm(): void {
    const now = Date.now();
    if (now < this.armedUntil) return;
    this.armedUntil = now + FLUSH_EVERY_MS + LATE_MS;
    this.parts.waitUntil(this.flushLater());
  }

  private async flushLater(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, FLUSH_EVERY_MS));
    this.armedUntil = 0;
    await this.flush();
  }

  private take(): MetricBatch | undefined {
    if (this.counts.size === 0 && this.observed.size === 0) return undefined;
    const increments: Record<string, number> = Object.fromEntries(this.counts);
    for (const each of this.observed.values()) Object.assign(increments, toSeries(each));
    this.counts = new Map();
    this.observed = new Map();
    return { id: crypto.randomUUID(), increments };
  }
}

/** Cumulative buckets, sum and count, as a Prometheus histogram is written. */
function toSeries({ name, labels, counts, sum }: Observed): SeriesValues {
  const bounds = [...HISTOGRAMS[name].buckets.map(String), '+Inf'];
  const series: Record<string, number> = {};
  let total = 0;
  bounds.forEach((le, bucket) => {
    total += counts[bucket] ?? 0;
    series[seriesOf(`${name}_bucket`, { ...labels, le })] = total;
  });
  series[seriesOf(`${name}_sum`, labels)] = sum;
  series[seriesOf(`${name}_count`, labels)] = total;
  return series;
}
