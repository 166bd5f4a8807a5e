const PLAYBACK = /^\/([^/]+)(\/(?:manifest|media|thumbnails|watch)(?:\/|$).*)/;

/** A request path for logs: what stands in the place of a video's uid may be a token, of whatever kind, and is cut out. */
export function redactPath(path: string): string {
  return path.replace(PLAYBACK, (whole, id: string, rest: string) =>
    /^[0-9a-f]{32}$/.test(id) ? whole : `/{token}${rest}`,
  );
}
