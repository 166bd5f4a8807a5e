import { element } from './dom.ts';
import { formatClock } from './format.ts';
import { keepInside, tileAt } from './storyboard.ts';
import type { Storyboard } from './storyboard.ts';

/** A storyboard and where its sheet is. */
export interface SeekPictures {
  readonly storyboard: Storyboard;
  readonly sheetUrl: string;
}

/** Puts a picture and the time above the place of the seek bar that is pointed at; the pictures are loaded when they are first needed. */
export function createSeekPreview(
  seek: HTMLInputElement,
  load: () => Promise<SeekPictures | undefined>,
): HTMLElement {
  const picture = element('div', { class: 'player-preview-picture', hidden: true });
  const time = element('span', { class: 'player-preview-time' });
  const box = element(
    'div',
    { class: 'player-preview', 'aria-hidden': 'true', hidden: true },
    picture,
    time,
  );
  let pictures: SeekPictures | undefined;
  let isAsked = false;
  let pointedAt = 0;

  const showPicture = (): void => {
    const tile = pictures && tileAt(pictures.storyboard, pointedAt);
    if (pictures === undefined || tile === undefined) return;
    const { tileWidth, tileHeight } = pictures.storyboard;
    Object.assign(picture.style, {
      width: `${tileWidth}px`,
      height: `${tileHeight}px`,
      backgroundImage: `url("${pictures.sheetUrl}")`,
      backgroundPosition: `-${tile.x}px -${tile.y}px`,
    });
    picture.hidden = false;
  };
  const loadOnce = async (): Promise<void> => {
    if (isAsked) return;
    isAsked = true;
    pictures = await load();
    showPicture();
  };
  const show = (seconds: number, share: number): void => {
    pointedAt = seconds;
    void loadOnce();
    time.textContent = formatClock(seconds);
    showPicture();
    box.hidden = false;
    box.style.left = `${keepInside(share * seek.clientWidth, box.offsetWidth, seek.clientWidth)}px`;
  };
  const hide = (): void => {
    box.hidden = true;
  };

  seek.addEventListener('pointermove', (event) => {
    const { left, width } = seek.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
    if (Number(seek.max) > 0) show(share * Number(seek.max), share);
  });
  // A drag that began on the bar may go on beside it.
  seek.addEventListener('input', () => {
    if (Number(seek.max) > 0) show(Number(seek.value), Number(seek.value) / Number(seek.max));
  });
  for (const event of ['pointerleave', 'pointercancel', 'change', 'blur'])
    seek.addEventListener(event, hide);
  return box;
}
