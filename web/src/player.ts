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
import { watchForStalls } from './stall-watch.ts';

const RENEWAL_REST_MS = 10_000;

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
  /** Counts the beginnings: an answer to an earlier one comes too late. */
  let opening = 0;
  let renewedAt = 0;
  /** Where a new beginning goes on: an engine that ends takes the position with it. */
  let resumeAt = 0;
  const renewal = createRenewalTimer(() => void renew());

  const root = element('div', {
    class: 'player',
    tabindex: 0,
    role: 'region',
    'aria-label': `Player: ${options.title}`,
    'data-state': 'loading',
  });
  const video = element('video', { playsinline: true, preload: 'auto' });
  const notice = createNotice(() => void retry());
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
  const endEngine = (): void => {
    if (engine !== undefined) resumeAt = video.currentTime;
    engine?.destroy();
    engine = undefined;
  };
  const refuse = (title: string, detail: string, canRetry = true): void => {
    endEngine();
    setState('error');
    notice.show(title, detail, canRetry);
  };
  const endWatch = watchForStalls(
    video,
    // The browser's own player may load nothing before somebody presses play.
    () => engine?.hls !== undefined && root.dataset['state'] === 'loading',
    () => {
      if (engine !== undefined) void handleFailure({ kind: 'network', status: 0 });
    },
  );
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
    clearTimeout(nextLook);
    setState('loading');
    opening += 1;
    const own = opening;
    const answer = await openManifest(manifestPath(id), (...request) => fetch(...request));
    if (!destroyed && own === opening) follow(answer);
  }

  /** What the button does: a permission that ended is asked for anew first. */
  async function retry(): Promise<void> {
    if (root.dataset['status'] === '401') await renew();
    if (!destroyed) await open();
  }

  function follow(answer: ManifestAnswer): void {
    if (answer.kind === 'playable') void start(answer.hasPicture).catch(refuseStart);
    if (answer.kind === 'refused') {
      root.dataset['status'] = String(answer.status);
      refuse(answer.title, answer.detail);
    }
    if (answer.kind === 'preparing') {
      notice.show('This video is still being prepared', answer.detail, false);
      clearTimeout(nextLook);
      nextLook = setTimeout(() => void open(), answer.retryAfterMs);
    }
  }

  function refuseStart(): void {
    if (destroyed) return;
    refuse('The player did not load', 'Check the connection and try again.');
  }

  async function start(hasPicture: boolean): Promise<void> {
    const own = opening;
    endEngine();
    delete root.dataset['status'];
    if (hasPicture) video.poster = posterPath(id);
    const started = await startEngine({
      video,
      manifestUrl: new URL(manifestPath(id), location.href).href,
      currentId: () => id,
      startSeconds: resumeAt,
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
    if (destroyed || own !== opening) {
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

  /** A new token that is refused as well will not be better the next time. */
  function canRenew(): boolean {
    const isFirst = Date.now() - renewedAt > RENEWAL_REST_MS;
    renewedAt = Date.now();
    return isFirst;
  }

  async function handleFailure(failure: EngineFailure): Promise<void> {
    if (failure.kind === 'no-such-rendition') {
      const list = failure.available.join(', ');
      refuse('There is no such quality', `This video has: ${list}.`, false);
      return;
    }
    if (failure.kind === 'network' && failure.status === 401 && canRenew() && (await renew())) {
      engine?.resume();
      return;
    }
    const failed = engine;
    const answer = await openManifest(manifestPath(id), (...request) => fetch(...request));
    if (destroyed || failed !== engine) return;
    if (answer.kind !== 'playable') {
      follow(answer);
      return;
    }
    const isMedia = failure.kind === 'media';
    refuse(
      isMedia ? 'The picture could not be decoded' : 'The video stopped loading',
      isMedia ? 'Try again, or choose another quality.' : 'Check the connection and try again.',
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
      endWatch();
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
