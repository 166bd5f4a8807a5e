/** A request path for logs: a playback token (three dotted parts) is cut out. */
export function redactPath(path: string): string {
  return path.replace(/^\/[^/]*\.[^/]*\.[^/]*\//, '/{token}/');
}
