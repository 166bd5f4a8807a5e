import { z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import { IMAGE_LIMITS } from '../../src/contracts/image-task.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { createRouter } from '../../src/http/routes.ts';

const params = z.object({
  id: z.string().openapi({ description: 'The uid of a video, or a playback token in its place' }),
});
const media = params.extend({
  revision: z.string().openapi({ description: 'The published run, as the manifest names it' }),
  rendition: z.string().openapi({ example: '720p' }),
});
const { minSide, maxSide, maxGifSeconds, maxGifFps } = IMAGE_LIMITS;
const side = z.int().min(minSide).max(maxSide).optional();
const time = z
  .string()
  .optional()
  .openapi({ example: '1m2s', description: 'Seconds, or 1.5s, 5m2s, 1h2m3s' });
const imageQuery = z.object({
  time,
  width: side,
  height: side,
  fit: z.enum(['crop', 'clip', 'scale', 'fill']).optional(),
});
const animationQuery = {
  duration: time.openapi({ description: `5s unless told; at most ${maxGifSeconds} s` }),
  fps: z.int().min(1).max(maxGifFps).optional(),
};
const responses = {
  200: { description: 'The whole; GET and HEAD' },
  400: { description: 'A parameter of a thumbnail is not valid; the answer names it' },
  206: { description: 'The byte range asked for; media and images only' },
  304: { description: 'If-None-Match names these bytes' },
  401: { description: 'The token is missing, wrong or expired (playback.unauthorized)' },
  403: { description: 'An access rule or allowedOrigins refuses the viewer (playback.forbidden)' },
  404: { description: 'No such video or part, or not ready yet (video.not_ready)' },
  416: { description: 'The byte range begins behind the end' },
  424: { description: 'The video could not be processed (video.failed)' },
  503: { description: 'The media store does not answer; Retry-After says when to ask again' },
};

/** The playback addresses for the API description. It answers nothing: the playback handler reads raw paths. */
export function describePlayback(): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  const describe = (
    path: string,
    summary: string,
    known: z.ZodObject,
    query: z.ZodObject = z.object({}),
  ): void =>
    routes.openAPIRegistry.registerPath({
      method: 'get',
      path,
      summary,
      tags: ['playback'],
      security: [],
      request: { params: known, query },
      responses,
    });
  const below = '/{id}/media/{revision}/{rendition}';
  describe('/{id}/manifest/video.m3u8', 'HLS multivariant playlist', params);
  describe(
    '/{id}/manifest/video.mpd',
    'DASH manifest (SegmentTimeline) of the same segments as the HLS playlists',
    params,
  );
  describe(`${below}/playlist.m3u8`, 'HLS playlist of one rendition', media);
  describe(`${below}/init.mp4`, 'Initialisation segment of a rendition', media);
  describe(
    `${below}/{segment}.m4s`,
    'Media segment, counted from 0',
    media.extend({ segment: z.int().min(0) }),
  );
  describe(`${below}/iframes.m3u8`, 'HLS I-frame playlist of the smallest renditions', media);
  describe(
    '/{id}/thumbnails/thumbnail.jpg',
    'Picture of the video; without parameters the poster. Made on first request; while it cannot be made, the poster with x-image-fallback',
    params,
    imageQuery,
  );
  describe(
    '/{id}/thumbnails/thumbnail.gif',
    'Animated preview, at most 640 pixels a side',
    params,
    imageQuery.extend(animationQuery),
  );
  describe('/{id}/storyboard.jpg', 'Small pictures of the whole video in one sheet', params);
  describe('/{id}/storyboard.vtt', 'Where in the sheet each time is: WebVTT with #xywh', params);
  describe(
    '/{id}/storyboard.json',
    'The same as JSON: url, tileWidth, tileHeight, tiles[{startTime, x, y}]',
    params,
  );
  describe('/{id}/watch', 'Page that plays the video', params);
  return routes;
}
