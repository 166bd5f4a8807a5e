import { playbackCors } from '../../src/http/playback-cors.ts';
import type { PlaybackGrant } from './authorise.ts';
import type { CanonicalAnswer } from './canonical-answer.ts';

/** On every answer of playback. What a page needs beyond them, the page sets. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  // The address may hold a token.
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=15552000; includeSubDomains',
};

/** Who asks, and under which id the answer goes out; `now` in ms. */
export interface ViewerRequest {
  readonly request: Request;
  readonly requestId: string;
  readonly now: number;
}

/** Turns the canonical answer into this viewer's: CORS by the video's rule, and no store that skips our check. */
export function toViewerResponse(
  canonical: CanonicalAnswer,
  grant: PlaybackGrant,
  { request, requestId, now }: ViewerRequest,
): Response {
  const audience = grant.hasAllowedOrigins
    ? { origin: request.headers.get('origin') ?? undefined }
    : '*';
  const { 'cache-control': cacheControl = 'no-store' } = canonical.headers;
  return toResponse(canonical, requestId, {
    ...playbackCors(audience),
    'cache-control': grant.shared ? cacheControl : privately(cacheControl, grant.expiresAt, now),
  });
}

/** The one place where an answer of playback becomes a `Response`; `more` replaces headers of the answer. */
export function toResponse(
  { status, headers, body }: CanonicalAnswer,
  requestId: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, {
    status,
    headers: { ...headers, ...SECURITY_HEADERS, 'x-request-id': requestId, ...more },
  });
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
