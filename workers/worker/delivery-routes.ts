import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import type { AppEnv } from '../../src/http/app-env.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import type { DeliveryRow } from './delivery-store.ts';
import { beforeQuery, iso, json, limitQuery } from './describe-routes.ts';
import { deliverySchema, deliveryWithBodySchema } from './webhook-schema.ts';
import type { Webhooks } from './webhooks.ts';

const PATH = '/api/v1/webhooks/{id}/deliveries';
const tags = ['webhooks'];
const params = z.object({ id: z.string() });
const item = params.extend({ deliveryId: z.string() });

const list = createRoute({
  method: 'get',
  path: PATH,
  tags,
  summary: 'What was sent to a webhook, newest first; kept for 14 days',
  request: {
    params,
    query: z.object({
      state: z.enum(['pending', 'delivered', 'failed']).optional(),
      before: beforeQuery,
      limit: limitQuery,
    }),
  },
  responses: { 200: json(z.object({ deliveries: z.array(deliverySchema) }), 'One page') },
});

const get = createRoute({
  method: 'get',
  path: `${PATH}/{deliveryId}`,
  tags,
  summary: 'One delivery with its body',
  request: { params: item },
  responses: { 200: json(deliveryWithBodySchema, 'The delivery') },
});

const replay = createRoute({
  method: 'post',
  path: `${PATH}/{deliveryId}/replay`,
  tags,
  summary: 'Send a delivery again',
  description: 'The same body and event id, a new signature, and again a day of attempts.',
  request: { params: item },
  responses: { 202: json(deliverySchema, 'It is on its way') },
});

/** `/api/v1/webhooks/{id}/deliveries`. */
export function deliveryRoutes(webhooks: Webhooks): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(list, async (c) => {
    const { accountId } = requireScope(c, 'webhooks:read');
    const { id } = c.req.valid('param');
    const rows = await webhooks.deliveries(accountId, id, c.req.valid('query'));
    return c.json({ deliveries: rows.map(render) }, 200);
  });
  routes.openapi(get, async (c) => {
    const { accountId } = requireScope(c, 'webhooks:read');
    const { id, deliveryId } = c.req.valid('param');
    const row = await webhooks.delivery(accountId, id, deliveryId);
    return c.json({ ...render(row), body: row.body }, 200);
  });
  routes.openapi(replay, async (c) => {
    const { accountId } = requireScope(c, 'webhooks:write');
    const { id, deliveryId } = c.req.valid('param');
    return c.json(render(await webhooks.replay(accountId, id, deliveryId)), 202);
  });
  return routes;
}

function render(row: DeliveryRow): z.infer<typeof deliverySchema> {
  const { id, eventId, eventType, state, createdAt, dueAt, endedAt, log } = row;
  return {
    ...{ id, eventId, eventType, state, createdAt: iso(createdAt) },
    ...(state === 'pending' && { nextAttemptAt: iso(dueAt) }),
    ...(endedAt !== null && { endedAt: iso(endedAt) }),
    attempts: log.map(({ at, ...attempt }) => ({ at: iso(at), ...attempt })),
  };
}
