import {
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from 'chart.js';
import type { ChartDataset } from 'chart.js';

import { element } from './dom.ts';

Chart.register(LineController, LineElement, PointElement, LinearScale, Filler, Tooltip);

type Points = { x: number; y: number | null }[];

/** One line of a chart; `null` leaves a gap. */
export interface ChartLine {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Name of a colour of the page, such as `--accent`. */
  readonly colour: string;
}

export interface ChartContent {
  /** ms, one for each value. */
  readonly at: readonly number[];
  readonly lines: readonly ChartLine[];
}

export interface StatusChart {
  readonly root: HTMLElement;
  show(content: ChartContent): void;
  /** The page's colours have changed. */
  recolour(): void;
}

/** A chart of the last day with its title. What it shows is said in words too, for those who do not see it. */
export function createStatusChart(title: string, format: (value: number) => string): StatusChart {
  const latest = element('span', { class: 'chart-latest' });
  const canvas = element('canvas', { role: 'img', tabindex: '0' });
  const frame = element('div', { class: 'chart-frame' }, canvas);
  const caption = element('figcaption', {}, element('span', {}, title), latest);
  const root = element('figure', { class: 'card chart' }, caption, frame);
  let held: ChartContent = { at: [], lines: [] };
  const chart = new Chart<'line', Points>(canvas, {
    type: 'line',
    data: { datasets: [] },
    options: {
      animation: false,
      maintainAspectRatio: false,
      normalized: true,
      parsing: false,
      interaction: { mode: 'index', intersect: false },
      elements: { point: { radius: 0, hoverRadius: 3 }, line: { borderWidth: 1.75 } },
      scales: {
        x: {
          type: 'linear',
          bounds: 'data',
          ticks: { maxTicksLimit: 5, maxRotation: 0, callback: (value) => clockOf(Number(value)) },
          grid: { display: false },
        },
        y: {
          beginAtZero: true,
          border: { display: false },
          ticks: { maxTicksLimit: 4, callback: (value) => format(Number(value)) },
        },
      },
      plugins: {
        tooltip: {
          callbacks: {
            title: ([item]) => clockOf(item?.parsed.x ?? 0),
            label: ({ dataset, parsed }) => `${dataset.label ?? ''} ${format(parsed.y ?? 0)}`,
          },
        },
      },
    },
  });
  moveByKeys(canvas, chart);

  function draw(): void {
    const { at, lines } = held;
    const [line, quiet] = [colourOf('--line'), colourOf('--quiet')];
    for (const scale of [chart.options.scales?.['x'], chart.options.scales?.['y']]) {
      if (scale?.ticks) scale.ticks.color = quiet;
      if (scale?.grid) scale.grid.color = line;
    }
    chart.data.datasets = lines.map((each) => toDataset(each, at));
    chart.update('none');
    const last = lines.map(({ values }) => values.findLast((value) => value !== null) ?? null);
    const words = last.map((value) => (value === null ? 'no data' : format(value)));
    latest.textContent = words.join(' · ');
    canvas.setAttribute('aria-label', describe(title, held, format));
  }

  return {
    root,
    show(content) {
      held = content;
      draw();
    },
    recolour: draw,
  };
}

function toDataset(
  { label, values, colour }: ChartLine,
  at: readonly number[],
): ChartDataset<'line', Points> {
  const shade = colourOf(colour);
  return {
    label,
    data: values.map((y, place) => ({ x: at[place] ?? 0, y })),
    borderColor: shade,
    backgroundColor: `color-mix(in srgb, ${shade} 14%, transparent)`,
    fill: 'origin',
  };
}

/** Arrow keys move along the line as the pointer does; Escape lets go. */
function moveByKeys(canvas: HTMLCanvasElement, chart: Chart<'line', Points>): void {
  let place = -1;
  canvas.addEventListener('keydown', ({ key }) => {
    const length = chart.data.datasets[0]?.data.length ?? 0;
    if (key === 'ArrowLeft') place = place <= 0 ? length - 1 : place - 1;
    if (key === 'ArrowRight') place = place >= length - 1 ? 0 : place + 1;
    if (key === 'Escape') place = -1;
    if (!['ArrowLeft', 'ArrowRight', 'Escape'].includes(key)) return;
    const active = chart.data.datasets.map((_, datasetIndex) => ({ datasetIndex, index: place }));
    const shown = place < 0 || length === 0 ? [] : active;
    chart.setActiveElements(shown);
    chart.tooltip?.setActiveElements(shown, { x: 0, y: 0 });
    chart.update('none');
  });
}

function describe(
  title: string,
  { lines }: ChartContent,
  format: (value: number) => string,
): string {
  const parts = lines.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    const last = known.at(-1);
    if (last === undefined) return `${label}: no data`;
    return `${label}: now ${format(last)}, at most ${format(Math.max(...known))}`;
  });
  return `${title}, last 24 hours. ${parts.join('; ')}`;
}

function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function clockOf(ms: number): string {
  return new Date(ms).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
}
