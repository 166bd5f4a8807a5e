import { element } from './dom.ts';
import { describeStrip, toStrip } from './task-strip.ts';
import type { StripBlock } from './task-strip.ts';
import type { Job, RenditionProgress } from './wire.ts';

/** The picture of a running job. */
export interface JobPanel {
  readonly box: HTMLElement;
  show(job: Job): void;
}

const PHASES: Readonly<Record<string, string>> = {
  probing: 'Looking at the file',
  encoding: 'Making the qualities',
  publishing: 'Publishing',
};

/** Makes the panel: one line of words, the strip of parts along the timeline, one row per rendition. */
export function createJobPanel(): JobPanel {
  const percent = element('span', { class: 'job-percent' });
  const words = element('span', { class: 'job-words' });
  const strip = element('div', { class: 'strip', role: 'img' });
  const renditions = element('div', { class: 'renditions' });
  const box = element(
    'section',
    { class: 'job', hidden: true, 'aria-label': 'Preparing for playback' },
    element('div', { class: 'job-line' }, words, percent),
    strip,
    renditions,
  );
  return {
    box,
    show: (job) => {
      box.hidden = false;
      box.dataset['state'] = job.state;
      words.textContent = wordsFor(job);
      percent.textContent = job.state === 'inprogress' ? `${Math.floor(job.pctComplete)} %` : '';
      showStrip(strip, toStrip(job.tasks));
      showRenditions(renditions, job.renditions);
    },
  };
}

function wordsFor(job: Job): string {
  if (job.state === 'queued') return job.waiting ?? 'Waiting for a free encoder';
  if (job.state === 'ready') return 'Ready to play';
  if (job.state === 'cancelled') return 'Cancelled';
  if (job.state === 'error') return 'Could not be prepared';
  return PHASES[job.phase] ?? 'Preparing';
}

function showStrip(strip: HTMLElement, blocks: readonly StripBlock[]): void {
  strip.hidden = blocks.length === 0;
  strip.setAttribute('aria-label', describeStrip(blocks));
  for (const [index, block] of blocks.entries()) {
    const cell = childAt(strip, index, 'strip-block');
    cell.dataset['state'] = block.state;
    cell.dataset['again'] = String(block.attempts > 1);
    cell.style.setProperty('left', `${block.leftPct}%`);
    cell.style.setProperty('width', `${block.widthPct}%`);
    cell.style.setProperty('--done', `${block.donePct}%`);
    cell.title = blockTitle(block);
  }
  while (strip.childElementCount > blocks.length) strip.lastElementChild?.remove();
}

function blockTitle({ state, donePct, attempts }: StripBlock): string {
  const again = attempts > 1 ? `, attempt ${attempts}` : '';
  return state === 'running' ? `running, ${Math.floor(donePct)} %${again}` : `${state}${again}`;
}

function showRenditions(box: HTMLElement, renditions: readonly RenditionProgress[]): void {
  for (const [index, rendition] of renditions.entries()) {
    const row = childAt(box, index, 'rendition');
    if (row.childElementCount === 0)
      row.append(
        element('span', { class: 'rendition-name' }),
        element('progress', { max: 100 }),
        element('span', { class: 'rendition-value' }),
      );
    const [name, bar, value] = row.children;
    row.dataset['rendition'] = rendition.name;
    if (name !== undefined) name.textContent = rendition.name;
    if (value !== undefined) value.textContent = `${Math.floor(rendition.pctComplete)} %`;
    if (bar instanceof HTMLProgressElement) {
      bar.value = rendition.pctComplete;
      bar.setAttribute('aria-label', `${rendition.name} progress`);
    }
  }
  while (box.childElementCount > renditions.length) box.lastElementChild?.remove();
}

function childAt(box: HTMLElement, index: number, className: string): HTMLElement {
  const found = box.children[index];
  if (found instanceof HTMLElement) return found;
  const made = element('div', { class: className });
  box.append(made);
  return made;
}
