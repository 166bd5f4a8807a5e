import type Hls from 'hls.js';

import { withId } from './playback-address.ts';
import { createRecoveryBudget } from './recovery-budget.ts';
import { findLevel, levelName } from './rendition-choice.ts';

const FIRST_GUESS_BPS = 2_000_000;

export interface EngineOptions {
  readonly video: HTMLVideoElement;
  readonly manifestUrl: string;
  /** The uid or token that is valid now; it may change while playing. */
  readonly currentId: () => string;
  /** Where to begin, for a player that starts anew in mid-play; 0 for the start. */
  readonly startSeconds: number;
  /** One rendition for the whole playback, by name. */
  readonly rendition: string | undefined;
  /** Every level by name, and the one that is fixed for the whole playback. */
  readonly onLevels: (names: readonly string[], fixed: string | undefined) => void;
  /** The level that is being played. */
  readonly onLevel: (name: string) => void;
  readonly onAudioTracks: (names: readonly string[]) => void;
  /** The sound track that is being heard. */
  readonly onAudioTrack: (index: number) => void;
  readonly onFailure: (failure: EngineFailure) => void;
}

export type EngineFailure =
  | { readonly kind: 'network'; readonly status: number }
  | { readonly kind: 'media' }
  | { readonly kind: 'no-such-rendition'; readonly available: readonly string[] };

export interface Engine {
  readonly hls: Hls | undefined;
  /** Fixes a level; −1 leaves the choice to the player. */
  chooseLevel(index: number): void;
  chooseAudio(index: number): void;
  /** Goes on at the same position after the permission was renewed. */
  resume(): void;
  destroy(): void;
}

/** hls.js wherever media source extensions exist, the browser's own HLS elsewhere; undefined where neither does. */
export async function startEngine(options: EngineOptions): Promise<Engine | undefined> {
  // Loaded when it is needed: it is larger than all the rest of a page.
  const { default: HlsPlayer } = await import('hls.js');
  if (HlsPlayer.isSupported()) return startHls(HlsPlayer, options);
  if (options.video.canPlayType('application/vnd.apple.mpegurl') !== '')
    return startNative(options);
  return undefined;
}

function startHls(HlsPlayer: typeof Hls, options: EngineOptions): Engine {
  const { Events, ErrorTypes } = HlsPlayer;
  const { video, manifestUrl, rendition, onLevels, onLevel, onFailure } = options;
  const budget = createRecoveryBudget();
  let timer: ReturnType<typeof setTimeout> | undefined;
  // The full build: the light one leaves out audio renditions, and ours are always apart.
  const hls = new HlsPlayer({
    autoStartLoad: false,
    // fMP4 needs no remuxing, so a worker would only cost a start.
    enableWorker: false,
    capLevelToPlayerSize: true,
    abrEwmaDefaultEstimate: FIRST_GUESS_BPS,
    backBufferLength: 60,
    xhrSetup: (request, url) => {
      request.open('GET', withId(url, options.currentId()), true);
    },
  });

  hls.on(Events.MANIFEST_PARSED, (_event, { levels }) => {
    const names = levels.map(levelName);
    const fixed = rendition === undefined ? undefined : findLevel(levels, rendition);
    if (fixed === -1) {
      onFailure({ kind: 'no-such-rendition', available: names });
      return;
    }
    if (fixed !== undefined) {
      hls.startLevel = fixed;
      hls.loadLevel = fixed;
    }
    onLevels(names, fixed === undefined ? undefined : names[fixed]);
    hls.startLoad(options.startSeconds || -1);
  });
  hls.on(Events.LEVEL_SWITCHED, (_event, { level }) => {
    const found = hls.levels[level];
    if (found !== undefined) onLevel(levelName(found));
  });
  hls.on(Events.AUDIO_TRACKS_UPDATED, (_event, { audioTracks }) => {
    options.onAudioTracks(audioTracks.map(({ name }) => name));
  });
  hls.on(Events.AUDIO_TRACK_SWITCHED, (_event, { id }) => {
    options.onAudioTrack(id);
  });
  const goOn = (): void => {
    // Without a manifest there is nothing that could go on loading.
    if (hls.levels.length === 0) hls.loadSource(manifestUrl);
    else hls.startLoad();
  };
  hls.on(Events.ERROR, (_event, error) => {
    if (!error.fatal) return;
    const isNetwork = error.type === ErrorTypes.NETWORK_ERROR;
    const status = error.response?.code ?? 0;
    const tries = budget.spend(video.currentTime);
    if ((isNetwork && status >= 400 && status < 500) || tries === undefined) {
      onFailure(isNetwork ? { kind: 'network', status } : { kind: 'media' });
      return;
    }
    if (isNetwork) timer = setTimeout(goOn, 1000 * tries);
    if (!isNetwork) hls.recoverMediaError();
  });
  hls.loadSource(manifestUrl);
  hls.attachMedia(video);

  return {
    hls,
    chooseLevel: (index) => {
      hls.nextLevel = index;
    },
    chooseAudio: (index) => {
      hls.audioTrack = index;
    },
    resume: () => {
      budget.renew();
      goOn();
    },
    destroy: () => {
      clearTimeout(timer);
      hls.destroy();
    },
  };
}

function startNative({ video, manifestUrl, currentId, onFailure }: EngineOptions): Engine {
  const fail = (): void => {
    onFailure({ kind: 'network', status: 0 });
  };
  video.addEventListener('error', fail);
  video.src = manifestUrl;
  return {
    hls: undefined,
    chooseLevel: () => undefined,
    chooseAudio: () => undefined,
    resume: () => {
      const { currentTime, paused } = video;
      video.src = withId(manifestUrl, currentId());
      video.addEventListener(
        'loadedmetadata',
        () => {
          video.currentTime = currentTime;
          if (!paused) void video.play().catch(() => undefined);
        },
        { once: true },
      );
    },
    destroy: () => {
      video.removeEventListener('error', fail);
      video.removeAttribute('src');
      video.load();
    },
  };
}
