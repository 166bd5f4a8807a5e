import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import type { AppEnv } from '../../src/http/app-env.ts';
import { jsonBody } from '../../src/http/json-body.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import type { DeadLetters, ListedDeadLetter } from './dead-letters.ts';
import { beforeQuery, body, iso, json, limitQuery } from './describe-routes.ts';

const PATH = '/api/v1/background/dead-letters';
const tags = ['operations'];
const queue = z.enum(['events', 'transcode']).optional();
const type = z.string().max(100).optional().openapi({ example: 'video.ready' });
const params = z.object({ id: z.string().openapi({ description: 'Event id, or `dlt_…`' }) });

const letter = z
  .object({
    id: z.string(),
    queue: z.enum(['events', 'transcode']),
    type: z.string(),
    subject: z.string(),
    subscriber: z.string().optional(),
    attempts: z.int(),
    reason: z.string(),
    diedAt: z.iso.datetime(),
    replayable: z.boolean(),
    body: z.unknown().openapi({ description: 'The event, or the message as it came' }),
  })
  .openapi('DeadLetter');

const list = createRoute({
  method: 'get',
  path: PATH,
  tags,
  summary: 'Messages of both queues that could not be handled, newest first',
  request: { query: z.object({ queue, type, before: beforeQuery, limit: limitQuery }) },
  responses: { 200: json(z.object({ deadLetters: z.array(letter) }), 'One page') },
});

const replayAll = createRoute({
  method: 'post',
  path: `${PATH}/replay`,
  tags,
  middleware: jsonBody(),
  summary: 'Handle all dead letters again, or those of a queue or type',
  description: 'A hundred at a time; ask again while `hasMore` is true.',
  request: body(z.strictObject({ queue, type })),
  responses: {
    202: json(z.object({ replayed: z.int(), hasMore: z.boolean() }), 'Sent within seconds'),
  },
});

const replay = createRoute({
  method: 'post',
  path: `${PATH}/{id}/replay`,
  tags,
  summary: 'Handle a dead letter again',
  request: { params },
  responses: { 202: json(z.object({ replayed: z.int() }), 'It will be sent within seconds') },
});

const dismiss = createRoute({
  method: 'delete',
  path: `${PATH}/{id}`,
  tags,
  summary: 'Forget a dead letter',
  request: { params },
  responses: { 204: { description: 'Gone' } },
});

/** `/api/v1/background/dead-letters`, for operators. */
export function deadLetterRoutes(letters: DeadLetters): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(list, async (c) => {
    requireScope(c, 'admin');
    const found = await letters.list(c.req.valid('query'));
    return c.json({ deadLetters: found.map(render) }, 200);
  });
  routes.openapi(replayAll, async (c) => {
    requireScope(c, 'admin');
    return c.json(await letters.replayAll(c.req.valid('json')), 202);
  });
  routes.openapi(replay, async (c) => {
    requireScope(c, 'admin');
    return c.json({ replayed: await letters.replay(c.req.valid('param').id) }, 202);
  });
  routes.openapi(dismiss, async (c) => {
    requireScope(c, 'admin');
    await letters.dismiss(c.req.valid('param').id);
    return c.body(null, 204);
  });
  return routes;
}

function render(found: ListedDeadLetter): z.infer<typeof letter> {
  return { ...found, diedAt: iso(found.diedAt) };
}
