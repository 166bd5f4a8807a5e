import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import type { AppEnv } from '../../src/http/app-env.ts';
import { jsonBody } from '../../src/http/json-body.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import type { UploadService } from './service.ts';
import { createUploadSchema, uploadSchema, uploadSummarySchema } from './upload-schemas.ts';

const tags = ['uploads'];
const params = z.object({ id: z.string() });
const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

const create = createRoute({
  method: 'post',
  path: '/api/v1/uploads',
  tags,
  middleware: jsonBody(),
  summary: 'Begin an upload in parts',
  description:
    'Send the parts in any order, several at once if you like, then complete. A repeat with the same Idempotency-Key answers the same upload.',
  request: {
    headers: z.object({ 'idempotency-key': z.string().min(1).max(255).optional() }),
    body: { required: true, content: { 'application/json': { schema: createUploadSchema } } },
  },
  responses: {
    201: json(uploadSchema, 'The upload; partSizeBytes is the length of every part but the last'),
    413: { description: 'The file is larger than this deployment takes' },
  },
});

const list = createRoute({
  method: 'get',
  path: '/api/v1/uploads',
  tags,
  summary: 'Uploads, newest first',
  request: {
    query: z.object({
      before: z.string().optional().openapi({ description: 'The last id of the page before' }),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
  },
  responses: { 200: json(z.object({ uploads: z.array(uploadSummarySchema) }), 'One page') },
});

const get = createRoute({
  method: 'get',
  path: '/api/v1/uploads/{id}',
  tags,
  summary: 'An upload with the parts received, for resuming',
  request: { params },
  responses: { 200: json(uploadSchema, 'The upload'), 404: { description: 'No such upload' } },
});

const complete = createRoute({
  method: 'post',
  path: '/api/v1/uploads/{id}/complete',
  tags,
  summary: 'Make the video of the parts',
  description: 'May be repeated: the answer stays the same.',
  request: { params },
  responses: {
    200: json(z.object({ uid: z.string(), jobId: z.string() }), 'The video and its first job'),
    410: { description: 'The upload expired' },
    422: { description: 'Parts are missing, each named under `errors`, or the upload was aborted' },
  },
});

const abort = createRoute({
  method: 'delete',
  path: '/api/v1/uploads/{id}',
  tags,
  summary: 'Give an upload up',
  request: { params },
  responses: {
    204: { description: 'The upload, its parts and its video are gone' },
    422: { description: 'The upload is complete; delete the video' },
  },
});

/** `/api/v1/uploads`: all but the bytes. */
export function uploadRoutes(service: UploadService): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(create, async (c) => {
    const { accountId } = requireScope(c, 'uploads:write');
    const { 'idempotency-key': key } = c.req.valid('header');
    const upload = await service.create(accountId, c.req.valid('json'), key);
    c.header('location', upload.links.self);
    return c.json(upload, 201);
  });
  routes.openapi(list, async (c) => {
    const { accountId } = requireScope(c, 'uploads:write');
    const uploads = await service.list(accountId, c.req.valid('query'));
    return c.json({ uploads: [...uploads] }, 200);
  });
  routes.openapi(get, async (c) => {
    const { accountId } = requireScope(c, 'uploads:write');
    return c.json(await service.describe(accountId, c.req.valid('param').id), 200);
  });
  routes.openapi(complete, async (c) => {
    const { accountId } = requireScope(c, 'uploads:write');
    return c.json(await service.complete(accountId, c.req.valid('param').id), 200);
  });
  routes.openapi(abort, async (c) => {
    const { accountId } = requireScope(c, 'uploads:write');
    await service.abort(accountId, c.req.valid('param').id);
    return c.body(null, 204);
  });
  return routes;
}
