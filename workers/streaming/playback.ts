import { AppError, isAppError } from '../../src/contracts/errors.ts';
import type { CacheApi, TranscoderApi } from '../../src/contracts/service-apis.ts';
import { PREFLIGHT_HEADERS, playbackCors } from '../../src/http/playback-cors.ts';
import { errorCodeOf, isOurFault, renderProblem } from '../../src/http/render-error.ts';
import type { Metrics } from '../../src/kernel/metrics.ts';
import type { PlaybackCall, PlaybackHandler } from '../../src/kernel/service-context.ts';
import { authorise, findRecord } from './authorise.ts';
import type { AccessStores } from './authorise.ts';
import { PlaybackMeter } from './playback-meter.ts';
import { unknownAddress } from './playback-decision.ts';
import { parsePlaybackPath } from './playback-path.ts';
import type { PlaybackPath } from './playback-path.ts';
import type { SegmentMaps } from './segment-maps.ts';
import { serveMedia } from './serve-media.ts';
import { toResponse, toViewerResponse } from './viewer-response.ts';
import { serveWatchPage } from './watch-page.ts';

/** What playback is made from: no database and no other service but the cache and, for new pictures, the transcoder; both may be missing. */
export interface PlaybackParts extends AccessStores {
  readonly media: R2Bucket;
  readonly assets: Fetcher;
  readonly maps: SegmentMaps;
  readonly metrics: Metrics;
  findCache(): CacheApi | undefined;
  findTranscoder(): Pick<TranscoderApi, 'makeImage'> | undefined;
}

/** Answers everything below `/{uid or token}/`. A refusal is an answer too: the handler never rejects. */
export function createPlayback(parts: PlaybackParts): PlaybackHandler {
  const meter = new PlaybackMeter(parts.metrics);
  return async function answerPlayback(request, call) {
    const startedAt = Date.now();
    const path = parsePlaybackPath(call.path);
    let response: Response;
    try {
      response = await answer(request, call, path, parts);
    } catch (error) {
      parts.metrics.count('streamgate_errors_total', { code: errorCodeOf(error) });
      response = refuse(error, call);
    }
    meter.note(path?.item, request.method, response, (Date.now() - startedAt) / 1000);
    return response;
  };
}

async function answer(
  request: Request,
  call: PlaybackCall,
  path: PlaybackPath | undefined,
  parts: PlaybackParts,
): Promise<Response> {
  const { method } = request;
  const { requestId } = call;
  if (method === 'OPTIONS')
    return toResponse({ status: 204, headers: PREFLIGHT_HEADERS, body: null }, requestId);
  if (method !== 'GET' && method !== 'HEAD') {
    throw new AppError('request.method_not_allowed', 'Playback knows GET, HEAD and OPTIONS only.');
  }
  if (path === undefined) throw unknownAddress();
  const { subject, item } = path;
  const now = Date.now();
  if (item.kind === 'watch') {
    const known = await findRecord(subject, parts, now).catch(toMissing);
    const status = known === undefined ? 404 : 200;
    return toResponse(await serveWatchPage(request, parts.assets, status), requestId);
  }
  const grant = await authorise(request, path, parts, now);
  const canonical = await serveMedia(request, grant, item, {
    media: parts.media,
    maps: parts.maps,
    findCache: () => parts.findCache(),
    findTranscoder: () => parts.findTranscoder(),
    logger: call.logger,
    waitUntil: call.waitUntil,
  });
  return toViewerResponse(canonical, grant, { request, requestId, now });
}

/** Somebody who follows a dead link gets the page, which says so. */
function toMissing(error: unknown): undefined {
  if (isAppError(error) && error.code !== 'service.unavailable') return undefined;
  throw error;
}

function refuse(error: unknown, { requestId, logger }: PlaybackCall): Response {
  if (isOurFault(error)) logger.error('playback.failed', { error });
  const { status, headers, body } = renderProblem(error, requestId);
  return toResponse({ status, headers: Object.fromEntries(headers), body }, requestId, {
    // A refusal holds nothing of the video, so every page may read why.
    ...playbackCors('*'),
    // RFC 9110 §15.5.6: a 405 names what is allowed.
    ...(status === 405 && { allow: 'GET, HEAD, OPTIONS' }),
  });
}
