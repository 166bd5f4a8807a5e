import { cpus, loadavg } from 'node:os';

/** One line of the report: what was measured, how often, and what it should be. */
export interface Figure {
  readonly name: string;
  /** One value a repeat; the median counts unless `worst` is set. */
  readonly values: readonly number[];
  /** The figure must not be above this; a figure without this and `atLeast` is for information. */
  readonly limit?: number;
  /** The figure must not be below this. */
  readonly atLeast?: number;
  /** The largest value counts: a worst case or the p99 of few samples. */
  readonly worst?: boolean;
  readonly unit?: string;
  /** Absolute figures, conditions, what the value is made of. */
  readonly note?: string;
}

/** What every benchmark is told. */
export interface BenchOptions {
  /** Shorter sources and fewer repeats: shows that it works, proves nothing. */
  readonly quick: boolean;
  readonly repeats: number;
  /** Length of the source of the transcode benchmarks. */
  readonly seconds: number;
  /** A private folder of this run. */
  readonly folder: string;
  readonly say: (text: string) => void;
}

export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** Programs that must be there; the benchmark is left out without them. */
  readonly programs: readonly string[];
  run(options: BenchOptions): Promise<Figure[]>;
}

/** Median, range and verdict of a figure. */
export interface Verdict {
  readonly value: number;
  readonly lowest: number;
  readonly highest: number;
  readonly passed: boolean | undefined;
}

/** Judges a figure. Throws when nothing was measured: no measurement must not look like a good one. */
export function judge({ name, values, limit, atLeast, worst = false }: Figure): Verdict {
  if (values.length === 0 || values.some((value) => !Number.isFinite(value)))
    throw new Error(`"${name}" has no usable measurement: ${values.join(', ') || 'none'}`);
  const highest = Math.max(...values);
  const value = worst ? highest : median(values);
  const isJudged = limit !== undefined || atLeast !== undefined;
  const passed = isJudged ? value <= (limit ?? Infinity) && value >= (atLeast ?? 0) : undefined;
  return { value, lowest: Math.min(...values), highest, passed };
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value that this share of the values does not exceed; between two neighbours for the median of an even number. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  if (share === 0.5 && sorted.length % 2 === 0)
    return ((sorted[sorted.length / 2 - 1] ?? NaN) + (sorted[sorted.length / 2] ?? NaN)) / 2;
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/** Load of the last minute on how many cores: without it no figure means anything. */
export function machineLoad(): string {
  return `${(loadavg()[0] ?? 0).toFixed(2)} on ${cpus().length} cores`;
}
