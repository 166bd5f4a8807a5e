import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';

import { AppError, isAppError } from '../../src/contracts/errors.ts';
import type { CacheApi, TranscoderApi } from '../../src/contracts/service-apis.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { playbackPreflight, setPlaybackCors } from '../../src/http/playback-cors.ts';
import { isOurFault, renderProblem } from '../../src/http/render-error.ts';
import { createRouter } from '../../src/http/routes.ts';
import { authorise, findRecord } from './authorise.ts';
import type { AccessStores } from './authorise.ts';
import { describePlayback } from './openapi.ts';
import { unknownAddress } from './playback-decision.ts';
import { parsePlaybackPath, rawPathOf } from './playback-path.ts';
import type { SegmentMaps } from './segment-maps.ts';
import { serveMedia } from './serve-media.ts';
import { toViewerResponse } from './viewer-response.ts';
import { serveWatchPage } from './watch-page.ts';

/** What playback is made from: no database and no other service but the cache and, for new pictures, the transcoder; both may be missing. */
export interface PlaybackParts extends AccessStores {
  readonly media: R2Bucket;
  readonly assets: Fetcher;
  readonly maps: SegmentMaps;
  findCache(): CacheApi | undefined;
  findTranscoder(): Pick<TranscoderApi, 'makeImage'> | undefined;
}

const STORYBOARD = ['vtt', 'json', 'jpg'].map((format) => `/:id/storyboard.${format}`);

/** Everything below `/{uid or token}/`. The router only finds the room; the raw path decides what is asked for. */
export function playbackRoutes(parts: PlaybackParts): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  for (const path of [
    '/:id/manifest/*',
    '/:id/media/*',
    '/:id/thumbnails/*',
    ...STORYBOARD,
    '/:id/watch',
  ])
    routes.all(path, (c) => answer(c, parts));
  routes.onError((error, c) => {
    if (isOurFault(error)) c.get('logger').error('playback.failed', { error });
    const response = renderProblem(error, c.get('requestId'));
    // RFC 9110 §15.5.6: a 405 names what is allowed.
    if (response.status === 405) response.headers.set('allow', 'GET, HEAD, OPTIONS');
    // A refusal holds nothing of the video, so every page may read why.
    setPlaybackCors(response.headers, '*');
    return response;
  });
  describePlayback(routes);
  return routes;
}

/** Somebody who follows a dead link gets the page, which says so. */
function toMissing(error: unknown): undefined {
  if (isAppError(error) && error.code !== 'service.unavailable') return undefined;
  throw error;
}

async function answer(c: Context<AppEnv>, parts: PlaybackParts): Promise<Response> {
  const request = c.req.raw;
  if (request.method === 'OPTIONS') return playbackPreflight();
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new AppError('request.method_not_allowed', 'Playback knows GET, HEAD and OPTIONS only.');
  }
  const path = parsePlaybackPath(rawPathOf(request.url));
  if (path === undefined) throw unknownAddress();
  const { subject, item } = path;
  const now = Date.now();
  if (item.kind === 'watch') {
    const known = await findRecord(subject, parts, now).catch(toMissing);
    return serveWatchPage(request, parts.assets, known === undefined ? 404 : 200);
  }
  const grant = await authorise(request, path, parts, now);
  const canonical = await serveMedia(request, grant, item, {
    ...parts,
    findCache: () => parts.findCache(),
    findTranscoder: () => parts.findTranscoder(),
    logger: c.get('logger'),
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  });
  return toViewerResponse(canonical, grant, request, now);
}
