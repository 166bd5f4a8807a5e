/** The addresses of one video. `id` is its uid or a playback token; relative addresses in the playlists inherit it. */
export function manifestPath(id: string): string {
  return `/${id}/manifest/video.m3u8`;
}

/** The same video for players that want DASH. */
export function dashManifestPath(id: string): string {
  return `/${id}/manifest/video.mpd`;
}

/** The page to hand to viewers. */
export function watchPath(id: string): string {
  return `/${id}/watch`;
}

/** A still picture of the video. */
export function posterPath(id: string): string {
  return `/${id}/thumbnails/thumbnail.jpg`;
}

/** Where each second is in the sheet of small pictures. */
export function storyboardPath(id: string): string {
  return `/${id}/storyboard.json`;
}

/** The sheet itself. */
export function storyboardSheetPath(id: string): string {
  return `/${id}/storyboard.jpg`;
}

/** The uid or token in the path of a watch page. */
export function idFromWatchPath(pathname: string): string | undefined {
  return /^\/([^/]+)\/watch\/?$/.exec(pathname)?.[1];
}

/** The same address under another token: a renewed permission takes over without loading the playlists again. */
export function withId(url: string, id: string): string {
  const parsed = new URL(url);
  parsed.pathname = parsed.pathname.replace(/^\/[^/]+/, `/${id}`);
  return parsed.href;
}
