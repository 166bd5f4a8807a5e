import { createAudioMenu } from './audio-menu.ts';
import type { AudioMenu } from './audio-menu.ts';
import { element, icon, iconButton, setIcon } from './dom.ts';
import { formatClock } from './format.ts';
import { createSeekPreview } from './seek-preview.ts';
import type { SeekPictures } from './seek-preview.ts';

const IDLE_MS = 2_600;
const AUTO = '-1';

/** The bar below the picture. */
export interface PlayerControls {
  readonly bar: HTMLElement;
  readonly bigButton: HTMLButtonElement;
  setLevels(names: readonly string[], fixed: boolean): void;
  showLevel(name: string): void;
  readonly audio: Pick<AudioMenu, 'setTracks' | 'showTrack'>;
  /** Handles a key; true when it meant something. */
  handleKey(event: KeyboardEvent): boolean;
}

/** Makes the controls of a video element that lies in `root`. */
export function createPlayerControls(
  root: HTMLElement,
  video: HTMLVideoElement,
  options: {
    readonly onQuality: (index: number) => void;
    readonly onAudio: (index: number) => void;
    /** Pictures for the seek bar, where the video has them. */
    readonly loadPictures: () => Promise<SeekPictures | undefined>;
  },
): PlayerControls {
  const toggle = (): void => {
    if (!video.paused) {
      video.pause();
      return;
    }
    void video.play().catch(() => undefined);
  };
  const playButton = iconButton({ name: 'play', label: 'Play', quiet: true, onPress: toggle });
  const bigButton = element('button', {
    type: 'button',
    class: 'player-big',
    'aria-label': 'Play',
  });
  bigButton.append(icon('play'));
  bigButton.addEventListener('click', toggle);
  const { seek, clock, seekBy } = createSeekBar(root, video);
  const { muteButton, volume, changeVolume, toggleMute } = createVolume(root, video);
  const { quality, setLevels, showLevel } = createQualityMenu(options.onQuality);
  const audio = createAudioMenu(options.onAudio);
  const fullscreen = createFullscreen(root, video);

  const show = (): void => {
    const name = video.paused ? 'play' : 'pause';
    const label = video.paused ? 'Play' : 'Pause';
    const picture = playButton.querySelector('svg');
    if (picture !== null) setIcon(picture, name);
    playButton.setAttribute('aria-label', label);
    playButton.title = `${label} (space)`;
    root.dataset['playing'] = String(!video.paused);
  };
  for (const event of ['play', 'pause', 'ended']) video.addEventListener(event, show);
  show();
  video.addEventListener('click', toggle);
  video.addEventListener('dblclick', fullscreen.toggle);
  hideWhenIdle(root, video);

  const bar = element(
    'div',
    { class: 'player-bar' },
    element(
      'div',
      { class: 'player-seek-box' },
      seek,
      createSeekPreview(seek, options.loadPictures),
    ),
    element(
      'div',
      { class: 'player-row' },
      playButton,
      muteButton,
      volume,
      clock,
      element('span', { class: 'player-gap' }),
      audio.box,
      quality,
      fullscreen.button,
    ),
  );
  const keys: Readonly<Record<string, () => void>> = {
    ' ': toggle,
    k: toggle,
    f: fullscreen.toggle,
    m: toggleMute,
    ArrowLeft: () => seekBy(-5),
    ArrowRight: () => seekBy(5),
    ArrowUp: () => changeVolume(0.1),
    ArrowDown: () => changeVolume(-0.1),
  };
  return {
    bar,
    bigButton,
    setLevels,
    showLevel,
    audio,
    handleKey: (event) => {
      const action = keys[event.key];
      if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return false;
      if (belongsToControl(event)) return false;
      event.preventDefault();
      action();
      return true;
    },
  };
}

// A focused button takes the space bar, a menu its arrows, a text field everything.
function belongsToControl({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches('select, textarea, input:not([type=range])')) return true;
  if (target.matches('.player-volume')) return key.startsWith('Arrow');
  return target.matches('button, a') && key === ' ';
}

interface SeekBar {
  readonly seek: HTMLInputElement;
  readonly clock: HTMLElement;
  readonly seekBy: (seconds: number) => void;
}

function createSeekBar(root: HTMLElement, video: HTMLVideoElement): SeekBar {
  const seek = element('input', {
    type: 'range',
    class: 'player-seek',
    min: 0,
    max: 0,
    step: 'any',
    value: 0,
    'aria-label': 'Position',
  });
  const clock = element('span', { class: 'player-clock' }, '0:00 / –:––');
  let dragging = false;
  const show = (): void => {
    const duration = Number.isFinite(video.duration) ? video.duration : 0;
    seek.max = String(duration);
    if (!dragging) seek.value = String(video.currentTime);
    const at = Number(seek.value);
    const text = `${formatClock(at)} / ${formatClock(duration > 0 ? Math.round(duration) : Number.NaN)}`;
    clock.textContent = text;
    seek.setAttribute('aria-valuetext', text);
    root.style.setProperty('--played', `${duration > 0 ? (at / duration) * 100 : 0}%`);
    root.style.setProperty(
      '--buffered',
      `${duration > 0 ? (bufferedEnd(video) / duration) * 100 : 0}%`,
    );
  };
  for (const event of ['timeupdate', 'durationchange', 'progress', 'seeking', 'loadedmetadata'])
    video.addEventListener(event, show);
  seek.addEventListener('input', () => {
    dragging = true;
    show();
  });
  seek.addEventListener('change', () => {
    dragging = false;
    video.currentTime = Number(seek.value);
  });
  const seekBy = (seconds: number): void => {
    if (!Number.isFinite(video.duration)) return;
    video.currentTime = Math.min(video.duration, Math.max(0, video.currentTime + seconds));
  };
  return { seek, clock, seekBy };
}

function bufferedEnd({ buffered, currentTime }: HTMLVideoElement): number {
  for (let index = 0; index < buffered.length; index += 1) {
    if (buffered.start(index) <= currentTime + 0.5 && buffered.end(index) >= currentTime)
      return buffered.end(index);
  }
  return currentTime;
}

interface VolumeControls {
  readonly muteButton: HTMLButtonElement;
  readonly volume: HTMLInputElement;
  readonly changeVolume: (by: number) => void;
  readonly toggleMute: () => void;
}

function createVolume(root: HTMLElement, video: HTMLVideoElement): VolumeControls {
  const toggleMute = (): void => {
    video.muted = !video.muted;
  };
  const muteButton = iconButton({
    name: 'volume',
    label: 'Mute (m)',
    quiet: true,
    onPress: toggleMute,
  });
  const volume = element('input', {
    type: 'range',
    class: 'player-volume',
    min: 0,
    max: 1,
    step: 0.05,
    'aria-label': 'Volume',
  });
  const show = (): void => {
    const silent = video.muted || video.volume === 0;
    const picture = muteButton.querySelector('svg');
    if (picture !== null) setIcon(picture, silent ? 'muted' : 'volume');
    muteButton.setAttribute('aria-pressed', String(silent));
    volume.value = String(silent ? 0 : video.volume);
    root.style.setProperty('--volume', `${Number(volume.value) * 100}%`);
  };
  volume.addEventListener('input', () => {
    video.volume = Number(volume.value);
    video.muted = video.volume === 0;
  });
  video.addEventListener('volumechange', show);
  show();
  const changeVolume = (by: number): void => {
    video.volume = Math.min(1, Math.max(0, video.volume + by));
    video.muted = video.volume === 0;
  };
  return { muteButton, volume, changeVolume, toggleMute };
}

interface QualityMenu {
  readonly quality: HTMLElement;
  readonly setLevels: (names: readonly string[], fixed: boolean) => void;
  readonly showLevel: (name: string) => void;
}

function createQualityMenu(onQuality: (index: number) => void): QualityMenu {
  const menu = element('select', { class: 'player-quality', 'aria-label': 'Quality' });
  const quality = element(
    'label',
    { class: 'player-quality-box', hidden: true },
    menu,
    icon('chevron'),
  );
  const auto = element('option', { value: AUTO }, 'Auto');
  menu.addEventListener('change', () => {
    onQuality(Number(menu.value));
    if (menu.value !== AUTO) auto.textContent = 'Auto';
  });
  return {
    quality,
    setLevels: (names, fixed) => {
      const options = names.map((name, index) =>
        element('option', { value: index }, withCodec(name)),
      );
      // The best picture on top, whatever the order of the playlist.
      options.sort((a, b) => Number.parseInt(b.text, 10) - Number.parseInt(a.text, 10));
      menu.replaceChildren(...(fixed ? [] : [auto]), ...options);
      menu.value = fixed ? (options[0]?.value ?? AUTO) : AUTO;
      quality.hidden = names.length === 0;
    },
    showLevel: (name) => {
      if (menu.value === AUTO) auto.textContent = `Auto (${withCodec(name)})`;
    },
  };
}

/** `1080pav1` for people. */
function withCodec(name: string): string {
  return name.replace(/p(av1|hevc)$/, (_all, codec: string) => `p ${codec.toUpperCase()}`);
}

interface Fullscreen {
  readonly button: HTMLButtonElement;
  readonly toggle: () => void;
}

/** The iPhone gives full screen to the video element only, by a call of its own. */
type IphoneVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

function createFullscreen(root: HTMLElement, video: IphoneVideo): Fullscreen {
  const toggle = (): void => {
    if (document.fullscreenElement !== null) {
      void document.exitFullscreen().catch(() => undefined);
      return;
    }
    if (document.fullscreenEnabled) void root.requestFullscreen().catch(() => undefined);
    if (!document.fullscreenEnabled) video.webkitEnterFullscreen?.();
  };
  const button = iconButton({
    name: 'expand',
    label: 'Full screen (f)',
    quiet: true,
    onPress: toggle,
  });
  return { button, toggle };
}

function hideWhenIdle(root: HTMLElement, video: HTMLVideoElement): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wake = (): void => {
    root.dataset['idle'] = 'false';
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!video.paused) root.dataset['idle'] = 'true';
    }, IDLE_MS);
  };
  for (const event of ['pointermove', 'pointerdown', 'keydown', 'focusin'])
    root.addEventListener(event, wake);
  video.addEventListener('play', wake);
  video.addEventListener('pause', wake);
}
