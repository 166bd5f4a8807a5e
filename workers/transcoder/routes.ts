import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import { profileNameSchema } from '../../src/contracts/profile.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { jsonBody } from '../../src/http/json-body.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import { jobSchema, jobStateSchema, jobSummarySchema } from './job-schema.ts';
import { streamProgress } from './stream-progress.ts';
import type { JobRow, TranscoderService } from './service.ts';

const tags = ['jobs'];
const id = z.object({ id: z.string().openapi({ example: 'job_01j…' }) });
const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

const list = createRoute({
  method: 'get',
  path: '/api/v1/jobs',
  tags,
  summary: 'Jobs, newest first',
  request: {
    query: z.object({
      video: z.string().optional().openapi({ description: 'Only jobs of this uid' }),
      state: jobStateSchema.optional(),
      before: z.string().optional().openapi({ description: 'The last id of the page before' }),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
  },
  responses: { 200: json(z.object({ jobs: z.array(jobSummarySchema) }), 'One page') },
});

const submit = createRoute({
  method: 'post',
  path: '/api/v1/jobs',
  tags,
  middleware: jsonBody(),
  summary: 'Process a video again',
  description:
    'The video keeps playing as it was until the new run is ready. Only for a video that is ready or in error.',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            uid: z.string().regex(/^[0-9a-f]{32}$/, 'must be a video uid'),
            profile: profileNameSchema
              .optional()
              .openapi({ description: 'Another encoding profile for the video, from now on' }),
          }),
        },
      },
    },
  },
  responses: { 202: json(z.object({ id: z.string(), uid: z.string() }), 'Accepted') },
});

const get = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}',
  tags,
  summary: 'A job with its renditions, tasks and attempts',
  request: { params: id },
  responses: { 200: json(jobSchema, 'The job') },
});

const cancel = createRoute({
  method: 'post',
  path: '/api/v1/jobs/{id}/cancel',
  tags,
  summary: 'Stop a job; the running ffmpeg is killed',
  request: { params: id },
  responses: { 200: json(jobSchema, 'The cancelled job') },
});

const progress = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/progress',
  tags,
  summary: 'Live progress as server-sent events',
  description:
    'Event `progress` with the job as data, on every change; the stream ends after the final state.',
  request: { params: id },
  responses: {
    200: { description: 'The stream', content: { 'text/event-stream': { schema: z.string() } } },
  },
});

/** `/api/v1/jobs`. */
export function jobRoutes(service: TranscoderService): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(list, async (c) => {
    const { accountId } = requireScope(c, 'jobs:read');
    const { video, state, before, limit } = c.req.valid('query');
    const rows = await service.list(accountId, {
      limit,
      ...(video !== undefined && { uid: video }),
      ...(state !== undefined && { state }),
      ...(before !== undefined && { before }),
    });
    return c.json({ jobs: rows.map(toSummary) }, 200);
  });
  routes.openapi(submit, async (c) => {
    const { accountId } = requireScope(c, 'jobs:write');
    const { uid, profile } = c.req.valid('json');
    return c.json({ id: await service.submit(accountId, uid, profile), uid }, 202);
  });
  routes.openapi(get, async (c) => {
    const { accountId } = requireScope(c, 'jobs:read');
    return c.json(await service.describe(accountId, c.req.valid('param').id), 200);
  });
  routes.openapi(cancel, async (c) => {
    const { accountId } = requireScope(c, 'jobs:write');
    return c.json(await service.cancel(accountId, c.req.valid('param').id), 200);
  });
  routes.openapi(progress, async (c) => {
    const { accountId } = requireScope(c, 'jobs:read');
    const jobId = c.req.valid('param').id;
    await service.describe(accountId, jobId);
    return streamProgress(c, () => service.describe(accountId, jobId));
  });
  return routes;
}

function toSummary(row: JobRow): z.infer<typeof jobSummarySchema> {
  return {
    id: row.id,
    uid: row.uid,
    state: row.state,
    createdAt: new Date(row.createdAt).toISOString(),
    ...(row.endedAt !== null && { endedAt: new Date(row.endedAt).toISOString() }),
    ...(row.reason !== null && { reason: row.reason }),
  };
}
