import { announce } from './announcer.ts';
import { messageOf } from './api-error.ts';
import { manifestPath, watchPath } from './playback-address.ts';
import type { PlaybackAccess } from './playback-access.ts';
import { readTokenClaims } from './token-claims.ts';
import type { Video } from './wire.ts';

type Shared = Pick<Video, 'uid' | 'requireSignedURLs'>;

/** Copies the address of the viewers' page. For a protected video it holds a new token, and the message says until when it works. */
export function copyWatchLink(video: Shared, access: PlaybackAccess): Promise<void> {
  return copyAddress('Watch link', watchPath, video, access);
}

/** Copies the address for other players. */
export function copyHlsUrl(video: Shared, access: PlaybackAccess): Promise<void> {
  return copyAddress('HLS URL', manifestPath, video, access);
}

async function copyAddress(
  what: string,
  toPath: (id: string) => string,
  video: Shared,
  access: PlaybackAccess,
): Promise<void> {
  try {
    const id = video.requireSignedURLs ? await access.freshToken(video.uid) : video.uid;
    const copied = await writeToClipboard(location.origin + toPath(id));
    const { exp } = readTokenClaims(id);
    const until = exp === undefined ? '' : ` It works until ${formatTime(exp)}.`;
    announce(copied ? `${what} copied.${until}` : 'The browser did not allow copying.');
  } catch (error) {
    announce(messageOf(error));
  }
}

function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString(undefined, { timeStyle: 'short' });
}

async function writeToClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
