import { setPlaybackCors } from '../../src/http/playback-cors.ts';
import type { PlaybackGrant } from './authorise.ts';

/** Turns the canonical answer into this viewer's: CORS by the video's rule, and no store that skips our check. */
export function toViewerResponse(
  canonical: Response,
  grant: PlaybackGrant,
  request: Request,
  now: number,
): Response {
  const response = new Response(canonical.body, canonical);
  const origin = request.headers.get('origin') ?? undefined;
  setPlaybackCors(response.headers, grant.hasAllowedOrigins ? { origin } : '*');
  if (!grant.shared) {
    const cacheControl = response.headers.get('cache-control') ?? 'no-store';
    response.headers.set('cache-control', privately(cacheControl, grant.expiresAt, now));
  }
  return response;
}

/** `private`, and for no longer than the token lives. */
function privately(cacheControl: string, expiresAt: number | undefined, now: number): string {
  const remaining = expiresAt === undefined ? Infinity : Math.floor(expiresAt - now / 1000);
  return cacheControl
    .replace('public', 'private')
    .replace(
      /max-age=(\d+)/,
      (_, seconds: string) => `max-age=${Math.min(Number(seconds), Math.max(0, remaining))}`,
    );
}
