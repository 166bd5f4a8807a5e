import type Hls from 'hls.js';

import { element } from './dom.ts';
import { openManifest } from './open-manifest.ts';
import type { ManifestAnswer } from './open-manifest.ts';
import {
  manifestPath,
  posterPath,
  storyboardPath,
  storyboardSheetPath,
} from './playback-address.ts';
import { createPlayerControls } from './player-controls.ts';
import { startEngine } from './player-engine.ts';
import type { Engine, EngineFailure } from './player-engine.ts';
import { loadStoryboard } from './storyboard.ts';
import { createRenewalTimer } from './renewal-timer.ts';

export interface PlayerOptions {
  /** A uid or a playback token. */
  readonly id: string;
  readonly title: string;
  readonly rendition?: string;
  readonly autoplay?: boolean;
  /** Makes a new playback token; only who may sign has it. */
  readonly renew?: () => Promise<string>;
}

/** A player and its element, whose `data-state` is `loading`, `ready` or `error`. */
export interface Player {
  readonly root: HTMLElement;
  readonly video: HTMLVideoElement;
  readonly hls: Hls | undefined;
  handleKey(event: KeyboardEvent): boolean;
  destroy(): void;
}

/** Builds a player and starts loading. */
export function createPlayer(options: PlayerOptions): Player {
  let id = options.id;
  let engine: Engine | undefined;
  let nextLook: ReturnType<typeof setTimeout> | undefined;
  let destroyed = false;
  const renewal = createRenewalTimer(() => void renew());

  const root = element('div', {
    class: 'player',
    tabindex: 0,
    role: 'region',
    'aria-label': `Player: ${options.title}`,
    'data-state': 'loading',
  });
  const video = element('video', { playsinline: true, preload: 'auto' });
  const notice = createNotice(() => void open());
  const controls = createPlayerControls(root, video, {
    onQuality: (index) => engine?.chooseLevel(index),
    onAudio: (index) => engine?.chooseAudio(index),
    loadPictures: async () => {
      const storyboard = await loadStoryboard(storyboardPath(id), (...request) =>
        fetch(...request),
      );
      return storyboard && { storyboard, sheetUrl: storyboardSheetPath(id) };
    },
  });
  const spinner = element('div', { class: 'player-spinner', 'aria-hidden': 'true' });
  root.append(video, spinner, controls.bigButton, notice.box, controls.bar);

  const setState = (state: 'loading' | 'ready' | 'error'): void => {
    root.dataset['state'] = state;
  };
  const refuse = (title: string, detail: string, canRetry: boolean): void => {
    engine?.destroy();
    engine = undefined;
    setState('error');
    notice.show(title, detail, canRetry);
  };
  video.addEventListener('loadeddata', () => {
    notice.hide();
    setState('ready');
  });
  video.addEventListener('waiting', () => {
    root.dataset['buffering'] = 'true';
  });
  for (const event of ['playing', 'canplay', 'seeked'])
    video.addEventListener(event, () => {
      root.dataset['buffering'] = 'false';
    });

  async function open(): Promise<void> {
    // While a video is being prepared the notice stays from one look to the next.
    if (root.dataset['state'] === 'error') notice.hide();
    setState('loading');
    const answer = await openManifest(manifestPath(id), (...request) => fetch(...request));
    if (!destroyed) follow(answer);
  }

  function follow(answer: ManifestAnswer): void {
    if (answer.kind === 'playable') void start(answer.hasPicture);
    if (answer.kind === 'refused') {
      root.dataset['status'] = String(answer.status);
      refuse(answer.title, answer.detail, answer.status === 0 || answer.status >= 500);
    }
    if (answer.kind === 'preparing') {
      notice.show('This video is still being prepared', answer.detail, false);
      clearTimeout(nextLook);
      nextLook = setTimeout(() => void open(), answer.retryAfterMs);
    }
  }

  async function start(hasPicture: boolean): Promise<void> {
    engine?.destroy();
    engine = undefined;
    if (hasPicture) video.poster = posterPath(id);
    const started = await startEngine({
      video,
      manifestUrl: new URL(manifestPath(id), location.href).href,
      currentId: () => id,
      rendition: options.rendition,
      onLevels: (names, fixed) => {
        root.dataset['levels'] = names.join(' ');
        controls.setLevels(fixed === undefined ? names : [fixed], fixed !== undefined);
      },
      onAudioTracks: (names) => {
        controls.audio.setTracks(names);
      },
      onAudioTrack: (index) => {
        controls.audio.showTrack(index);
      },
      onLevel: (name) => {
        root.dataset['level'] = name;
        controls.showLevel(name);
      },
      onFailure: (failure) => void handleFailure(failure),
    });
    if (destroyed) {
      started?.destroy();
      return;
    }
    engine = started;
    if (engine === undefined) {
      refuse(
        'This browser cannot play the video',
        'It offers neither media source extensions nor HLS. Use a current version of Chrome, Edge, Firefox or Safari.',
        false,
      );
      return;
    }
    if (options.autoplay === true) void video.play().catch(() => undefined);
    if (options.renew !== undefined) renewal.set(id);
  }

  /** With hls.js the next request simply uses the new token; the browser's own player needs its source again. */
  async function renew(): Promise<boolean> {
    const fresh = await options.renew?.().catch(() => undefined);
    if (fresh === undefined || destroyed) return false;
    id = fresh;
    if (engine?.hls === undefined) engine?.resume();
    renewal.set(id);
    return true;
  }

  async function handleFailure(failure: EngineFailure): Promise<void> {
    if (failure.kind === 'no-such-rendition') {
      const list = failure.available.join(', ');
      refuse('There is no such quality', `This video has: ${list}.`, false);
      return;
    }
    if (failure.kind === 'network' && failure.status === 401 && (await renew())) {
      engine?.resume();
      return;
    }
    const answer = await openManifest(manifestPath(id), (...request) => fetch(...request));
    if (destroyed) return;
    if (answer.kind !== 'playable') {
      follow(answer);
      return;
    }
    const isMedia = failure.kind === 'media';
    refuse(
      isMedia ? 'The picture could not be decoded' : 'The video stopped loading',
      isMedia ? 'Try again, or choose another quality.' : 'Check the connection and try again.',
      true,
    );
  }

  root.addEventListener('keydown', (event) => {
    if (controls.handleKey(event)) event.stopPropagation();
  });
  void open();
  return {
    root,
    video,
    get hls() {
      return engine?.hls;
    },
    handleKey: (event) => controls.handleKey(event),
    destroy: () => {
      destroyed = true;
      clearTimeout(nextLook);
      renewal.clear();
      engine?.destroy();
      root.remove();
    },
  };
}

interface Notice {
  readonly box: HTMLElement;
  readonly show: (title: string, detail: string, canRetry: boolean) => void;
  readonly hide: () => void;
}

function createNotice(onRetry: () => void): Notice {
  const title = element('strong', {});
  const detail = element('p', {});
  const retry = element('button', { type: 'button', class: 'button' }, 'Try again');
  retry.addEventListener('click', onRetry);
  const box = element(
    'div',
    { class: 'player-notice', role: 'status', hidden: true },
    title,
    detail,
    retry,
  );
  return {
    box,
    show: (heading, text, canRetry) => {
      title.textContent = heading;
      detail.textContent = text;
      retry.hidden = !canRetry;
      box.hidden = false;
    },
    hide: () => {
      box.hidden = true;
    },
  };
}
