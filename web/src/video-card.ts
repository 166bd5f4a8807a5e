import type { VideoState } from '../../src/contracts/media.ts';
import { element, icon, iconButton, setIcon } from './dom.ts';
import { formatBytes, formatClock, formatDate } from './format.ts';
import { posterPath } from './playback-address.ts';
import type { PlaybackAccess } from './playback-access.ts';
import type { Video } from './wire.ts';

export interface VideoCardActions {
  readonly play: (video: Video) => void;
  readonly copyLink: (video: Video) => void;
  readonly copyHls: (video: Video) => void;
  readonly copyDash: (video: Video) => void;
  readonly protect: (video: Video, isProtected: boolean) => void;
  readonly runAgain: (video: Video) => void;
  readonly remove: (video: Video) => void;
}

/** One video of the library; `update` shows a newer state without moving focus or loading the poster again. */
export interface VideoCard {
  readonly root: HTMLElement;
  update(video: Video): void;
}

const STATES: Readonly<Record<VideoState, string>> = {
  pendingupload: 'Uploading',
  queued: 'Waiting',
  inprogress: 'Preparing',
  ready: 'Ready',
  error: 'Failed',
};

/** The name a person gave, or the uid. */
export function videoName(video: Video): string {
  const { name } = video.meta;
  return name === undefined || name === '' ? video.uid : name;
}

/** Makes the card of a video. */
export function createVideoCard(
  first: Video,
  access: PlaybackAccess,
  actions: VideoCardActions,
): VideoCard {
  let video = first;
  const poster = createPoster(access, () => {
    actions.play(video);
  });
  const name = element('h3', { class: 'video-name' });
  const state = element('span', { class: 'badge' });
  const facts = element('p', { class: 'video-facts' });
  const failure = element('p', { class: 'video-failure', hidden: true });
  const progress = element('progress', { max: 100, hidden: true, 'aria-label': 'Preparing' });
  const toggle = element('input', { type: 'checkbox', role: 'switch', 'data-protect': true });
  toggle.addEventListener('change', () => {
    actions.protect(video, toggle.checked);
  });
  const protect = element('label', { class: 'switch' }, toggle, element('span', {}, 'Protected'));
  const onPress = (action: (target: Video) => void) => (): void => {
    action(video);
  };
  const link = iconButton({
    name: 'link',
    label: 'Copy watch link',
    quiet: true,
    onPress: onPress(actions.copyLink),
  });
  const hls = iconButton({
    name: 'code',
    label: 'Copy HLS URL',
    quiet: true,
    onPress: onPress(actions.copyHls),
  });
  const dash = iconButton({
    name: 'dashes',
    label: 'Copy DASH URL',
    quiet: true,
    onPress: onPress(actions.copyDash),
  });
  const again = iconButton({
    name: 'retry',
    label: 'Run again',
    quiet: true,
    onPress: onPress(actions.runAgain),
  });
  const remove = iconButton({
    name: 'trash',
    label: 'Delete',
    quiet: true,
    onPress: onPress(actions.remove),
  });
  remove.dataset['delete'] = '';
  again.dataset['again'] = '';
  const root = element(
    'article',
    { class: 'card video', 'data-uid': video.uid },
    poster.box,
    element(
      'div',
      { class: 'video-body' },
      element('div', { class: 'video-title' }, name, state),
      facts,
      failure,
      progress,
      element('div', { class: 'video-actions' }, protect, link, hls, dash, again, remove),
    ),
  );

  function update(next: Video): void {
    video = next;
    const current = video.status.state;
    root.dataset['state'] = current;
    name.textContent = videoName(video);
    name.title = videoName(video);
    state.textContent = STATES[current];
    state.dataset['state'] = current;
    facts.textContent = factsOf(video);
    failure.textContent = video.status.errorReasonText ?? '';
    failure.hidden = current !== 'error' || failure.textContent === '';
    progress.hidden = current !== 'inprogress';
    progress.value = Number(video.status.pctComplete ?? 0) || 0;
    toggle.checked = video.requireSignedURLs;
    again.hidden = current !== 'error';
    link.hidden = !video.readyToStream;
    hls.hidden = !video.readyToStream;
    dash.hidden = !video.readyToStream;
    poster.update(video);
  }

  update(first);
  return { root, update };
}

function factsOf({ size, created, input }: Video): string {
  const picture = input.width > 0 ? `${input.width}×${input.height}` : '';
  const bytes = size > 0 ? formatBytes(size) : '';
  return [picture, bytes, formatDate(created)].filter((fact) => fact !== '').join(' · ');
}

interface Poster {
  readonly box: HTMLElement;
  readonly update: (video: Video) => void;
}

function createPoster(access: PlaybackAccess, onPlay: () => void): Poster {
  const image = element('img', { alt: '', loading: 'lazy', decoding: 'async', hidden: true });
  const length = element('span', { class: 'poster-length' });
  const picture = icon('play');
  const sign = element('span', { class: 'poster-sign' });
  sign.append(picture);
  const box = element('button', { type: 'button', class: 'poster' }, image, sign, length);
  box.addEventListener('click', onPlay);
  image.addEventListener('load', () => {
    image.hidden = false;
  });
  image.addEventListener('error', () => {
    image.hidden = true;
  });
  let shown = '';
  return {
    box,
    update: (video) => {
      box.disabled = !video.readyToStream;
      setIcon(picture, pictureOf(video));
      box.setAttribute('aria-label', `Play ${videoName(video)}`);
      length.textContent = video.duration > 0 ? formatClock(Math.round(video.duration)) : '';
      const hasPicture = video.readyToStream && video.thumbnail !== null;
      const wanted = hasPicture ? `${video.uid} ${video.requireSignedURLs}` : '';
      if (wanted === shown) return;
      shown = wanted;
      if (wanted === '') image.hidden = true;
      if (wanted === '') return;
      // A lazy image that is not displayed is never loaded.
      image.hidden = false;
      void loadInto(image, video, access);
    },
  };
}

function pictureOf({ readyToStream, status }: Video): string {
  if (readyToStream) return 'play';
  return status.state === 'error' ? 'alert' : 'film';
}

async function loadInto(
  image: HTMLImageElement,
  video: Video,
  access: PlaybackAccess,
): Promise<void> {
  try {
    image.src = posterPath(await access.idFor(video));
  } catch {
    // A card without its picture is still of use.
    image.hidden = true;
  }
}
