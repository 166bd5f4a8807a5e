import { AppError } from '../../src/contracts/errors.ts';
import type { CanonicalAnswer } from './canonical-answer.ts';

/** Where the built page is; the asset server answers `/watch.html` with a redirect to this. */
const PAGE = '/watch';

/** hls.js runs its demuxer in a worker and feeds the player through `blob:` addresses; everything else comes from here. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/**
 * The page that plays a video. It is the same for every video and holds nothing of it: the page asks for the manifest beside its own
 * address, and shows what the refusal says.
 */
export async function serveWatchPage(
  request: Request,
  assets: Fetcher,
  status: 200 | 404,
): Promise<CanonicalAnswer> {
  const asset = await assets.fetch(new URL(PAGE, request.url), { method: request.method });
  if (!asset.ok) {
    throw new AppError(
      'service.unavailable',
      'The player page is not part of this deployment. Run "npm run build" and deploy again.',
    );
  }
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'cross-origin-opener-policy': 'same-origin',
    'origin-agent-cluster': '?1',
  };
  return { status, headers, body: asset.body };
}
