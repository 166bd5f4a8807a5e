import { COUNTERS, HISTOGRAMS } from '../../src/contracts/metrics.ts';
import type { SeriesValues } from '../../src/contracts/metrics.ts';
import { GAUGES } from './gauges.ts';

/** Media type of the Prometheus text format. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const FAMILIES = [
  ...Object.entries(GAUGES).map(([name, { help }]) => ({ name, help, type: 'gauge' as const })),
  ...Object.entries(COUNTERS).map(([name, { help }]) => ({ name, help, type: 'counter' as const })),
  ...Object.entries(HISTOGRAMS).map(([name, { help }]) => ({
    name,
    help,
    type: 'histogram' as const,
  })),
];

/** Prometheus text format 0.0.4. Every family is named, also one without a series yet; a series of no family of ours is left out. */
export function renderMetrics(series: SeriesValues): string {
  const byFamily = Map.groupBy(Object.entries(series), ([name]) => familyOf(name));
  const lines = FAMILIES.flatMap(({ name, help, type }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...(byFamily.get(name) ?? []).toSorted(inOrder).map(([each, value]) => `${each} ${value}`),
  ]);
  return `${lines.join('\n')}\n`;
}

/** The family of a series; of a histogram's three kinds of series too. */
function familyOf(series: string): string {
  const name = series.split('{', 1)[0] ?? series;
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return Object.hasOwn(HISTOGRAMS, base) ? base : name;
}

/** Series of the same labels stay together, and their buckets rise. */
function inOrder([one]: [string, number], [other]: [string, number]): number {
  const [left, right] = [placeOf(one), placeOf(other)];
  return left.labels < right.labels || (left.labels === right.labels && left.rank < right.rank)
    ? -1
    : 1;
}

function placeOf(series: string): { labels: string; rank: number } {
  const le = /[{,]le="([^"]*)"/.exec(series)?.[1];
  const labels = series.replace(/^[^{]*/, '').replace(/,?le="[^"]*"/, '');
  const rank = le === undefined ? Number.POSITIVE_INFINITY : bound(le);
  return { labels: labels === '{}' ? '' : labels, rank };
}

function bound(le: string): number {
  return le === '+Inf' ? Number.MAX_VALUE : Number(le);
}
