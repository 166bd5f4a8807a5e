import { element, iconButton } from './dom.ts';
import { createPlayer } from './player.ts';
import type { PlayerOptions } from './player.ts';

/** Plays a video of the library above the page. */
export function openPlayerDialog(options: PlayerOptions): void {
  const player = createPlayer({ ...options, autoplay: true });
  const close = iconButton({
    name: 'close',
    label: 'Close',
    quiet: true,
    onPress: () => {
      dialog.close();
    },
  });
  const dialog = element(
    'dialog',
    { class: 'dialog dialog-player', 'aria-label': options.title },
    element('div', { class: 'dialog-head' }, element('h2', {}, options.title), close),
    player.root,
  );
  dialog.addEventListener('close', () => {
    player.destroy();
    dialog.remove();
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  player.root.focus();
}
