import { announce } from './announcer.ts';
import type { ApiClient } from './api-client.ts';
import { messageOf } from './api-error.ts';
import { confirmDialog } from './confirm-dialog.ts';
import { byId } from './dom.ts';
import type { PlaybackAccess } from './playback-access.ts';
import { openPlayerDialog } from './player-dialog.ts';
import { copyDashUrl, copyHlsUrl, copyWatchLink } from './share-links.ts';
import { createVideoCard, videoName } from './video-card.ts';
import type { VideoCard, VideoCardActions } from './video-card.ts';
import type { Video } from './wire.ts';

const SEARCH_DELAY_MS = 250;
const BUSY_POLL_MS = 4_000;

export interface LibraryOptions {
  readonly api: ApiClient;
  readonly access: PlaybackAccess;
  readonly onRunAgain: (video: Video, jobId: string) => void;
}

/** The list of videos below the uploads. */
export interface Library {
  refresh(): Promise<void>;
  clear(): void;
}

/** Fills the list of the page and keeps it fresh while a video is being prepared. */
export function createLibrary({ api, access, onRunAgain }: LibraryOptions): Library {
  const list = byId('videos', HTMLElement);
  const note = byId('videos-note', HTMLElement);
  const search = byId('search', HTMLInputElement);
  const cards = new Map<string, VideoCard>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let round = 0;

  async function refresh(): Promise<void> {
    clearTimeout(timer);
    round += 1;
    const mine = round;
    const query = search.value.trim();
    list.setAttribute('aria-busy', 'true');
    try {
      const videos = await api.listVideos(query);
      // An answer that a later question has overtaken is not shown.
      if (mine === round) show(videos, query);
    } catch (error) {
      if (mine === round) note.textContent = messageOf(error);
    }
    list.setAttribute('aria-busy', 'false');
  }

  function show(videos: readonly Video[], query: string): void {
    const wanted = new Set(videos.map((video) => video.uid));
    for (const [uid, card] of cards) {
      if (wanted.has(uid)) continue;
      card.root.remove();
      cards.delete(uid);
    }
    for (const [index, video] of videos.entries()) place(cardOf(video).root, index);
    const none =
      query === ''
        ? 'Nothing here yet. Your first video will appear here.'
        : `No video matches “${query}”.`;
    note.textContent = videos.length === 0 ? none : '';
    const busy = videos.some(({ status }) => ['queued', 'inprogress'].includes(status.state));
    if (busy) timer = setTimeout(() => void refresh(), BUSY_POLL_MS);
  }

  // Only what is out of place is moved: moving an element takes its focus away.
  function place(root: HTMLElement, index: number): void {
    const there = list.children[index];
    if (there !== root) list.insertBefore(root, there ?? null);
  }

  function cardOf(video: Video): VideoCard {
    const known = cards.get(video.uid);
    known?.update(video);
    const card = known ?? createVideoCard(video, access, actions);
    cards.set(video.uid, card);
    return card;
  }

  async function attempt(action: () => Promise<string>): Promise<void> {
    try {
      announce(await action());
    } catch (error) {
      announce(messageOf(error));
    }
    await refresh();
  }

  async function remove(video: Video): Promise<void> {
    const sure = await confirmDialog({
      title: `Delete “${videoName(video)}”?`,
      text: 'The video, its source file and every link to it are gone for good.',
      confirm: 'Delete',
    });
    if (!sure) return;
    await attempt(async () => {
      await api.deleteVideo(video.uid);
      return `${videoName(video)} was deleted.`;
    });
  }

  const actions: VideoCardActions = {
    play: (video) => void play(video, access),
    copyLink: (video) => void copyWatchLink(video, access),
    copyHls: (video) => void copyHlsUrl(video, access),
    copyDash: (video) => void copyDashUrl(video, access),
    protect: (video, requireSignedURLs) =>
      void attempt(async () => {
        await api.changeVideo(video.uid, { requireSignedURLs });
        return requireSignedURLs
          ? 'Protected: only links with a token play it. Copies of the old link stop within seconds.'
          : 'Open: everybody with the link can play it.';
      }),
    runAgain: (video) =>
      void attempt(async () => {
        onRunAgain(video, (await api.runAgain(video.uid)).id);
        return `${videoName(video)} is being prepared again.`;
      }),
    remove: (video) => void remove(video),
  };

  search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => void refresh(), SEARCH_DELAY_MS);
  });
  return {
    refresh,
    clear: () => {
      clearTimeout(timer);
      round += 1;
      cards.clear();
      list.replaceChildren();
      note.textContent = '';
    },
  };
}

async function play(video: Video, access: PlaybackAccess): Promise<void> {
  try {
    const id = await access.idFor(video);
    openPlayerDialog({
      id,
      title: videoName(video),
      ...(video.requireSignedURLs && { renew: () => access.freshToken(video.uid) }),
    });
  } catch (error) {
    announce(messageOf(error));
  }
}
