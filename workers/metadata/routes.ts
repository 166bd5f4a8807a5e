import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import { AppError } from '../../src/contracts/errors.ts';
import { isUid } from '../../src/contracts/ids.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { envelope } from '../../src/http/envelope.ts';
import { jsonBody } from '../../src/http/json-body.ts';
import { requireAccountScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import { editSchema } from './edit-schema.ts';
import { listQuerySchema } from './list-query.ts';
import type { MetadataService } from './service.ts';
import { missingVideo } from './video-moves.ts';
import type { VideoRemoval } from './video-removal.ts';

const COLLECTION = '/client/v4/accounts/{account_id}/stream';
const tags = ['videos'];
const account = z.object({ account_id: z.string().openapi({ example: 'default' }) });
const item = account.extend({ uid: z.string().openapi({ description: '32 hex digits' }) });
const video = z
  .looseObject({ uid: z.string() })
  .openapi('Video', { description: 'The Video object of the Stream API' });
const ok = {
  success: z.literal(true),
  errors: z.array(z.unknown()),
  messages: z.array(z.unknown()),
};
const json = <T extends z.ZodType>(result: T, description: string) => ({
  description,
  content: { 'application/json': { schema: z.object({ ...ok, result }) } },
});

const list = createRoute({
  method: 'get',
  path: COLLECTION,
  tags,
  summary: 'Videos of the account, newest first',
  request: { params: account, query: listQuerySchema },
  responses: {
    200: json(
      z.array(video),
      'At most 1,000; with include_counts also total and range, as strings',
    ),
  },
});

const get = createRoute({
  method: 'get',
  path: `${COLLECTION}/{uid}`,
  tags,
  summary: 'One video',
  request: { params: item },
  responses: { 200: json(video, 'The video') },
});

const edit = createRoute({
  method: 'post',
  path: `${COLLECTION}/{uid}`,
  tags,
  summary: 'Edit a video',
  middleware: jsonBody(),
  request: {
    params: item,
    body: { required: true, content: { 'application/json': { schema: editSchema } } },
  },
  responses: { 200: json(video, 'The video after the change; playback obeys it from now on') },
});

const remove = createRoute({
  method: 'delete',
  path: `${COLLECTION}/{uid}`,
  tags,
  summary: 'Delete a video, in whatever state it is',
  request: { params: item },
  responses: { 200: { description: 'Gone; the body is empty' } },
});

/** Stream's video resource: list, get, edit, delete. */
export function videoRoutes(service: MetadataService, removal: VideoRemoval): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(list, async (c) => {
    const { accountId } = requireAccountScope(c, c.req.valid('param').account_id, 'videos:read');
    const query = c.req.valid('query');
    const { videos, total } = await service.list(accountId, query);
    const counts = query.include_counts
      ? { total: String(total), range: String(videos.length) }
      : {};
    return envelope(videos, counts) as never;
  });
  routes.openapi(get, async (c) => {
    const { account_id, uid } = c.req.valid('param');
    const { accountId } = requireAccountScope(c, account_id, 'videos:read');
    const described = isUid(uid) ? await service.describeVideo(accountId, uid) : undefined;
    if (described === undefined) throw missingVideo(uid);
    return envelope(described) as never;
  });
  routes.openapi(edit, async (c) => {
    const { account_id, uid } = c.req.valid('param');
    const { accountId } = requireAccountScope(c, account_id, 'videos:write');
    if (!isUid(uid)) throw missingVideo(uid);
    return envelope(await service.edit(accountId, uid, c.req.valid('json'))) as never;
  });
  routes.openapi(remove, async (c) => {
    const { account_id, uid } = c.req.valid('param');
    const { accountId } = requireAccountScope(c, account_id, 'videos:write');
    if (!isUid(uid)) throw missingVideo(uid);
    await removal.delete(accountId, uid);
    return c.body(null, 200);
  });
  for (const path of [COLLECTION, `${COLLECTION}/{uid}`]) {
    routes.on(['PUT', 'PATCH'], path.replaceAll('{', ':').replaceAll('}', ''), () => {
      throw new AppError('request.method_not_allowed', 'This address does not take that method.');
    });
  }
  return routes;
}
