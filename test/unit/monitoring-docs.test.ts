import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { COUNTERS, HISTOGRAMS } from '../../src/contracts/metrics.ts';
import { alertRules } from '../../workers/monitor/alert-rules.ts';
import { GAUGES } from '../../workers/monitor/gauges.ts';
import { renderMetrics } from '../../workers/monitor/render-metrics.ts';

const DOCS = join(import.meta.dirname, '..', '..', 'docs');
const FAMILIES = { ...COUNTERS, ...HISTOGRAMS, ...GAUGES };

const read = (name: string): Promise<string> => readFile(join(DOCS, name), 'utf8');

/** Every series name that `/metrics` can have; of a histogram the three that it is made of. */
function exposed(): Set<string> {
  const families = renderMetrics({}).matchAll(/^# TYPE (\S+) (\S+)$/gm);
  return new Set(
    Array.from(families).flatMap(([, name = '', type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name],
    ),
  );
}

/** Queries with the metric and the labels that each names. */
function selectors(text: string): { name: string; labels: string[] }[] {
  return Array.from(
    text.matchAll(/\b(streamgate_\w+)(?:\{([^}]*)\})?/g),
    ([, name = '', matchers]) => ({
      name,
      labels: Array.from(
        (matchers ?? '').matchAll(/(\w+)(?:=~|!~|!=|=)/g),
        ([, label = '']) => label,
      ),
    }),
  );
}

describe.each([['monitoring/prometheus-rules.yml'], ['monitoring/grafana-dashboard.json']])(
  'docs/%s',
  (file) => {
    test('names only metrics and labels that /metrics has', async () => {
      const text = (await read(file)).replaceAll('\\"', '"');
      const used = selectors(text);
      expect(used.length).toBeGreaterThan(10);
      const known = exposed();
      expect(used.filter(({ name }) => !known.has(name))).toEqual([]);
      const wrong = used.filter(({ name, labels }) => {
        const family = Object.entries(FAMILIES).find(
          ([each]) => name.replace(/_(bucket|sum|count)$/, '') === each || name === each,
        )?.[1];
        return labels.some((label) => !family?.labels.some((each) => each === label));
      });
      expect(wrong).toEqual([]);
    });
  },
);

describe('docs/monitoring.md', () => {
  test('has every metric with its labels, and none besides', async () => {
    const rows = (await read('monitoring.md')).matchAll(
      /^\| `(streamgate_\w+)` \| \w+ \| [^|]+ \| ([^|]+) \|/gm,
    );
    const documented = Object.fromEntries(
      Array.from(rows, ([, name, labels = '']) => [
        name,
        Array.from(labels.replaceAll(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g), ([, label]) => label),
      ]),
    );
    const real = Object.fromEntries(
      Object.entries(FAMILIES).map(([name, { labels }]) => [name, [...labels]]),
    );
    expect(documented).toEqual(real);
  });

  test('has every alert rule with its severity', async () => {
    const text = await read('monitoring.md');
    const rules = alertRules({
      ALERT_BACKLOG_MINUTES: 60,
      ALERT_ERROR_PCT: 5,
      ALERT_STUCK_JOB_MINUTES: 30,
      ALERT_QUEUE_LAG_SECONDS: 300,
      ALERT_AVAILABILITY_PCT: 99.9,
    });
    for (const { name, severity } of rules) expect(text).toContain(`| \`${name}\` | ${severity} |`);
  });
});

test('names follow the conventions: base units last, and total for counters', () => {
  for (const name of Object.keys(COUNTERS)) expect(name).toMatch(/^streamgate_[a-z_]+_total$/);
  for (const name of Object.keys(HISTOGRAMS)) expect(name).toMatch(/_(seconds|ratio)$/);
  for (const name of Object.keys(GAUGES)) expect(name).not.toMatch(/_(total|minutes|ms)$/);
});
