const EXPOSED = [
  'Content-Length',
  'Content-Range',
  'Age',
  'Date',
  'ETag',
  'Accept-Ranges',
  'Retry-After',
  'X-Request-Id',
  'X-Image-Fallback',
  'stream-media-id',
  'preview-start-seconds',
].join(', ');
const ALLOWED_HEADERS =
  'Range, CMCD-Request, CMCD-Object, CMCD-Session, CMCD-Status, Authorization';
const PREFLIGHT_SECONDS = 86_400;

/** Who may read the answer: every page, or the one page whose origin was checked. */
export type CorsAudience = '*' | { readonly origin: string | undefined };

/** Sets the CORS headers of a playback answer, whatever its status. */
export function setPlaybackCors(headers: Headers, audience: CorsAudience): void {
  headers.set('access-control-expose-headers', EXPOSED);
  if (audience === '*') {
    headers.set('access-control-allow-origin', '*');
    return;
  }
  // Answers to different pages differ, so a shared store must keep them apart even when this one named no origin.
  headers.append('vary', 'Origin');
  if (audience.origin !== undefined) headers.set('access-control-allow-origin', audience.origin);
}

/** The answer to a preflight. It is the same for every page: what follows it is checked by itself, and no credentials are allowed. */
export function playbackPreflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD, OPTIONS',
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': String(PREFLIGHT_SECONDS),
    },
  });
}
