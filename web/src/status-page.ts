import type { ApiClient } from './api-client.ts';
import { messageOf } from './api-error.ts';
import { element } from './dom.ts';
import { formatDate } from './format.ts';
import { createStatusChart } from './status-charts.ts';
import type { ChartLine } from './status-charts.ts';
import { formatPct, formatRate, formatSpan, formatSpeed, lastOf } from './status-figures.ts';
import type { Alert, PlatformStatus, ServiceState, StatusSeries } from './wire.ts';

const POLL_MS = 30_000;

/** The page of the operators: what works, what waits, what went wrong, and the last day. */
export interface StatusPage {
  readonly root: HTMLElement;
  show(): void;
  hide(): void;
}

interface ChartPlan {
  readonly title: string;
  readonly format: (value: number) => string;
  lines(series: StatusSeries): readonly ChartLine[];
}

const CHARTS: readonly ChartPlan[] = [
  {
    title: 'Requests',
    format: (value) => `${formatRate(value)}/s`,
    lines: (s) => [line('Requests', s.requestsPerSecond, '--accent')],
  },
  {
    title: 'Server errors',
    format: formatPct,
    lines: (s) => [line('Server errors', s.serverErrorRatio, '--bad')],
  },
  {
    title: 'Latency, 95 of 100 requests',
    format: formatSpan,
    lines: (s) => [line('Latency', s.latencyP95Seconds, '--warn')],
  },
  {
    title: 'Playback starts, in five minutes',
    format: formatRate,
    lines: (s) => [line('Starts', s.playbackStarts, '--good')],
  },
  {
    title: 'Played and uploaded',
    format: formatSpeed,
    lines: (s) => [
      line('Played', s.segmentBytesPerSecond, '--accent'),
      line('Uploaded', s.uploadBytesPerSecond, '--good'),
    ],
  },
  {
    title: 'Encode backlog',
    format: formatSpan,
    lines: (s) => [line('Backlog', s.backlogMediaSeconds, '--warn')],
  },
  {
    title: 'Encoding speed',
    format: (value) => `${formatRate(value)}×`,
    lines: (s) => [line('Speed', s.encodeSpeed, '--accent')],
  },
  {
    title: 'Messages that wait',
    format: formatRate,
    lines: (s) => [line('Messages', s.queueMessages, '--quiet')],
  },
];

export function createStatusPage(api: ApiClient): StatusPage {
  const note = element('p', { class: 'quiet small', role: 'status' });
  const tiles = element('dl', { class: 'tiles' });
  const alerts = element('ul', { class: 'alerts' });
  const services = element('ul', { class: 'services' });
  const charts = CHARTS.map((plan) => ({
    plan,
    chart: createStatusChart(plan.title, plan.format),
  }));
  const root = element(
    'section',
    { class: 'status-page', 'aria-labelledby': 'status-title' },
    element('h1', { id: 'status-title', tabindex: '-1' }, 'Status'),
    note,
    tiles,
    element('h2', {}, 'Alerts'),
    alerts,
    element('h2', {}, 'Last 24 hours'),
    element('div', { class: 'charts' }, ...charts.map(({ chart }) => chart.root)),
    element('h2', {}, 'Services'),
    services,
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const { chart } of charts) chart.recolour();
  });

  async function refresh(): Promise<void> {
    clearTimeout(timer);
    try {
      const [status, running] = await Promise.all([api.platformStatus(), api.listServices()]);
      note.textContent = `As of ${new Date().toLocaleTimeString()}, looked at again every ${POLL_MS / 1000} s.`;
      tiles.replaceChildren(...tilesOf(status));
      alerts.replaceChildren(...alertsOf(status.alerts, acknowledge));
      services.replaceChildren(...running.map(serviceOf));
      const { at } = status.series;
      for (const { plan, chart } of charts) chart.show({ at, lines: plan.lines(status.series) });
    } catch (error) {
      note.textContent = messageOf(error);
    }
    if (root.isConnected && !root.hidden) timer = setTimeout(() => void refresh(), POLL_MS);
  }

  async function acknowledge(id: string): Promise<void> {
    try {
      await api.acknowledgeAlert(id);
      await refresh();
    } catch (error) {
      note.textContent = messageOf(error);
    }
  }

  return {
    root,
    show() {
      root.hidden = false;
      void refresh();
    },
    hide() {
      root.hidden = true;
      clearTimeout(timer);
    },
  };
}

function line(label: string, values: readonly (number | null)[], colour: string): ChartLine {
  return { label, values, colour };
}

function tilesOf({
  ready,
  checks,
  workload,
  encoder,
  series,
  alerts,
}: PlatformStatus): HTMLElement[] {
  const failing = checks.filter(({ ok }) => !ok).map(({ name }) => name);
  const firing = alerts.filter(({ state }) => state === 'firing').length;
  const errors = lastOf(series.serverErrorRatio);
  const requests = lastOf(series.requestsPerSecond);
  return [
    tile('Platform', ready ? 'Ready' : `Not ready: ${failing.join(', ')}`, ready ? 'good' : 'bad'),
    tile('Alerts', firing === 0 ? 'None' : String(firing), firing === 0 ? 'good' : 'bad'),
    tile('Encode backlog', workload ? formatSpan(workload.backlogMediaSeconds) : '–'),
    tile('Jobs', workload ? `${workload.inProgress} run, ${workload.queued} wait` : '–'),
    tile('Encoder', encoder ? `${encoder.busy} of ${encoder.slots} busy` : 'No answer'),
    tile('Requests', requests === undefined ? '–' : `${formatRate(requests)}/s`),
    tile('Server errors', errors === undefined ? '–' : formatPct(errors)),
  ];
}

function tile(name: string, value: string, tone = 'plain'): HTMLElement {
  return element(
    'div',
    { class: 'card tile', 'data-tone': tone },
    element('dt', {}, name),
    element('dd', {}, value),
  );
}

function alertsOf(
  alerts: readonly Alert[],
  acknowledge: (id: string) => Promise<void>,
): HTMLElement[] {
  if (alerts.length === 0) return [element('li', { class: 'quiet' }, 'No alerts so far.')];
  return alerts.map((alert) => alertOf(alert, acknowledge));
}

function alertOf(alert: Alert, acknowledge: (id: string) => Promise<void>): HTMLElement {
  const { id, rule, severity, state, summary, startedAt, resolvedAt, acknowledgedAt } = alert;
  const times =
    resolvedAt === undefined
      ? `since ${formatDate(startedAt)}`
      : `${formatDate(startedAt)} – ${formatDate(resolvedAt)}`;
  const item = element(
    'li',
    { class: 'card alert', 'data-state': state, 'data-severity': severity },
    element('strong', {}, rule.replaceAll('_', ' ')),
    element('span', { class: 'badge' }, state === 'firing' ? severity : 'resolved'),
    element('span', { class: 'quiet small' }, times),
    element('p', {}, summary),
  );
  if (acknowledgedAt !== undefined)
    item.append(
      element('span', { class: 'quiet small' }, `acknowledged ${formatDate(acknowledgedAt)}`),
    );
  if (state === 'firing' && acknowledgedAt === undefined) {
    const button = element('button', { type: 'button', class: 'button' }, 'Acknowledge');
    button.addEventListener('click', () => {
      button.disabled = true;
      void acknowledge(id);
    });
    item.append(button);
  }
  return item;
}

function serviceOf({ name, version, status }: ServiceState): HTMLElement {
  return element(
    'li',
    { class: 'card service', 'data-status': status },
    element('span', { class: 'dot' }),
    element('strong', {}, name),
    element(
      'span',
      { class: 'quiet small' },
      `${status}${version === undefined ? '' : `, ${version}`}`,
    ),
  );
}
