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

/** CORS headers of a playback answer, whatever its status. */
export function playbackCors(audience: CorsAudience): Readonly<Record<string, string>> {
  if (audience === '*') return OPEN;
  return {
    'access-control-expose-headers': EXPOSED,
    // Answers to different pages differ, so a shared store must keep them apart even when this one named no origin.
    vary: 'Origin',
    ...(audience.origin !== undefined && { 'access-control-allow-origin': audience.origin }),
  };
}

const OPEN = {
  'access-control-expose-headers': EXPOSED,
  'access-control-allow-origin': '*',
};

/** Headers of the answer to a preflight. It is the same for every page: what follows it is checked by itself, and no credentials are allowed. */
export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, OPTIONS',
  'access-control-allow-headers': ALLOWED_HEADERS,
  'access-control-max-age': String(PREFLIGHT_SECONDS),
};
