import { showAddress } from './address-dialog.ts';
import { announce } from './announcer.ts';
import { messageOf } from './api-error.ts';
import { dashManifestPath, manifestPath, watchPath } from './playback-address.ts';
import type { PlaybackAccess } from './playback-access.ts';
import { readTokenClaims } from './token-claims.ts';
import type { Video } from './wire.ts';

type Shared = Pick<Video, 'uid' | 'requireSignedURLs'>;

/** Copies the address of the viewers' page. For a protected video it holds a new token, and the message says until when it works. */
export function copyWatchLink(video: Shared, access: PlaybackAccess): Promise<void> {
  return copyAddress('Watch link', watchPath, video, access);
}

/** Copies the HLS address for other players. */
export function copyHlsUrl(video: Shared, access: PlaybackAccess): Promise<void> {
  return copyAddress('HLS URL', manifestPath, video, access);
}

/** Copies the DASH address for other players. */
export function copyDashUrl(video: Shared, access: PlaybackAccess): Promise<void> {
  return copyAddress('DASH URL', dashManifestPath, video, access);
}

async function copyAddress(
  what: string,
  toPath: (id: string) => string,
  video: Shared,
  access: PlaybackAccess,
): Promise<void> {
  try {
    const id = video.requireSignedURLs ? await access.freshToken(video.uid) : video.uid;
    const address = location.origin + toPath(id);
    const isCopied = await writeToClipboard(address);
    const { exp } = readTokenClaims(id);
    const until = exp === undefined ? '' : ` It works until ${formatTime(exp)}.`;
    if (isCopied) announce(`${what} copied.${until}`);
    if (!isCopied) showAddress(what, address, `Copy it from here.${until}`);
  } catch (error) {
    announce(messageOf(error));
  }
}

function formatTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString(undefined, { timeStyle: 'short' });
}

// Browsers give the clipboard to secure pages only: not to plain http on a local network.
async function writeToClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
