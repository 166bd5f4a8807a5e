import { element, icon, iconButton, setIcon } from './dom.ts';
import { formatBytes, formatTimeLeft } from './format.ts';
import { createJobPanel } from './job-panel.ts';
import type { JobPanel } from './job-panel.ts';

/** Where a file is on its way from the disk to the viewer. */
export type WorkState =
  | 'waiting'
  | 'uploading'
  | 'completing'
  | 'transcoding'
  | 'ready'
  | 'error'
  | 'cancelled';

/** The card of one file on its way. It shows; what happens is decided by who made it. */
export interface WorkCard {
  readonly root: HTMLElement;
  readonly job: JobPanel;
  setState(state: WorkState, words: string): void;
  setBytes(sentBytes: number, bytesPerSecond: number | undefined): void;
  /** A hint below the bar, such as a part that waits for its next try. */
  setHint(text: string): void;
  setActions(...buttons: readonly HTMLElement[]): void;
  setPlayer(player: HTMLElement, ...buttons: readonly HTMLElement[]): void;
}

const ICONS: Readonly<Record<WorkState, string>> = {
  waiting: 'clock',
  uploading: 'upload',
  completing: 'upload',
  transcoding: 'film',
  ready: 'check',
  error: 'alert',
  cancelled: 'close',
};

/** Makes the card. `sizeBytes` is undefined where nothing is uploaded (a video that is prepared again). */
export function createWorkCard(name: string, sizeBytes: number | undefined): WorkCard {
  const picture = icon('clock');
  const words = element('p', { class: 'work-words', role: 'status' });
  const bar = element('progress', {
    max: sizeBytes ?? 1,
    value: 0,
    'aria-label': `Upload of ${name}`,
  });
  const numbers = element('p', { class: 'work-numbers' });
  const hint = element('p', { class: 'work-hint', hidden: true });
  const actions = element('div', { class: 'work-actions' });
  const job = createJobPanel();
  const result = element('div', { class: 'work-result', hidden: true });
  const size = sizeBytes === undefined ? '' : formatBytes(sizeBytes);
  const root = element(
    'article',
    { class: 'card work', 'data-name': name, 'data-state': 'waiting' },
    element('span', { class: 'work-icon' }, picture),
    element(
      'div',
      { class: 'work-head' },
      element('h3', { class: 'work-name', title: name }, name),
      element('span', { class: 'work-size' }, size),
    ),
    actions,
    element('div', { class: 'work-body' }, words, bar, numbers, hint, job.box, result),
  );
  bar.hidden = sizeBytes === undefined;

  return {
    root,
    job,
    setState: (state, text) => {
      root.dataset['state'] = state;
      setIcon(picture, ICONS[state]);
      words.textContent = text;
      const isMoving = state === 'uploading' || state === 'completing';
      bar.hidden = sizeBytes === undefined || !isMoving;
      numbers.hidden = state !== 'uploading';
      if (!isMoving) hint.hidden = true;
    },
    setBytes: (sentBytes, bytesPerSecond) => {
      const total = sizeBytes ?? 1;
      bar.value = sentBytes;
      hint.hidden = true;
      const percent = `${Math.floor((sentBytes / total) * 100)} %`;
      const parts = [percent, `${formatBytes(sentBytes)} of ${formatBytes(total)}`];
      if (bytesPerSecond !== undefined && bytesPerSecond > 0)
        parts.push(
          `${formatBytes(bytesPerSecond)}/s`,
          formatTimeLeft((total - sentBytes) / bytesPerSecond),
        );
      numbers.textContent = parts.join(' · ');
    },
    setHint: (text) => {
      hint.textContent = text;
      hint.hidden = false;
    },
    setActions: (...buttons) => {
      actions.replaceChildren(...buttons);
    },
    setPlayer: (player, ...buttons) => {
      result.replaceChildren(player, element('div', { class: 'buttons' }, ...buttons));
      result.hidden = false;
    },
  };
}

/** A button for a card's corner. */
export function cardAction(name: string, label: string, onPress: () => void): HTMLButtonElement {
  return iconButton({ name, label, quiet: true, onPress });
}
