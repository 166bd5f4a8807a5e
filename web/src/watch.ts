import { byId, element } from './dom.ts';
import { idFromWatchPath } from './playback-address.ts';
import { createPlayer } from './player.ts';
import type { Player } from './player.ts';

declare global {
  interface Window {
    /** For tests and support: the media element and the hls.js instance. */
    streamgate?: Pick<Player, 'hls' | 'video'>;
  }
}

const stage = byId('stage', HTMLElement);
const id = idFromWatchPath(location.pathname);
const query = new URLSearchParams(location.search);

if (id === undefined) {
  stage.append(
    element('p', { class: 'stage-note', role: 'status' }, 'There is no video at this address.'),
  );
}
if (id !== undefined) {
  const rendition = query.get('rendition');
  const player = createPlayer({
    id,
    title: 'Video',
    autoplay: isOn('autoplay'),
    ...(rendition !== null && { rendition }),
  });
  player.root.id = 'player';
  player.video.muted = isOn('muted');
  player.video.loop = isOn('loop');
  stage.append(player.root);
  // The whole page is the player, so its keys work wherever the focus is.
  document.addEventListener('keydown', (event) => {
    player.handleKey(event);
  });
  window.streamgate = player;
}

function isOn(name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== 'false' && value !== '0';
}
