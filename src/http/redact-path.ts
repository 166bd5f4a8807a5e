const PLAYBACK = /^\/([^/]+)(?=\/(?:manifest|media|thumbnails|watch|storyboard\.\w+)(?:\/|$))/;
/** Three parts with dots between them: the look of a token, wherever a player of another make puts it. */
const TOKEN = /(?<=\/)[^/.]+\.[^/.]+\.[^/]*/g;

/** A request path for logs: what looks like a token, or stands in the place of a video's uid and is none, is cut out. */
export function redactPath(path: string): string {
  return path
    .replace(PLAYBACK, (whole, id: string) => (/^[0-9a-f]{32}$/.test(id) ? whole : '/{token}'))
    .replace(TOKEN, '{token}');
}
