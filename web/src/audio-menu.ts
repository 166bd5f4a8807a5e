import { element, icon } from './dom.ts';

/** The choice of a sound track; hidden where there is only one. */
export interface AudioMenu {
  readonly box: HTMLElement;
  setTracks(names: readonly string[]): void;
  /** The track that is being heard. */
  showTrack(index: number): void;
}

export function createAudioMenu(onChoice: (index: number) => void): AudioMenu {
  const menu = element('select', { class: 'player-quality', 'aria-label': 'Audio track' });
  const box = element(
    'label',
    { class: 'player-quality-box', hidden: true },
    menu,
    icon('chevron'),
  );
  menu.addEventListener('change', () => {
    onChoice(Number(menu.value));
  });
  return {
    box,
    setTracks: (names) => {
      menu.replaceChildren(
        ...names.map((name, index) => element('option', { value: index }, name)),
      );
      box.hidden = names.length < 2;
    },
    showTrack: (index) => {
      menu.value = String(index);
    },
  };
}
