import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import type { AppEnv } from '../../src/http/app-env.ts';
import { jsonBody } from '../../src/http/json-body.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import { body, idempotencyHeaders, iso, json } from './describe-routes.ts';
import {
  createWebhookSchema,
  editWebhookSchema,
  rotateSecretSchema,
  webhookSchema,
  webhookWithSecretSchema,
} from './webhook-schema.ts';
import type { WebhookRow } from './webhook-store.ts';
import type { Webhooks, WithSecret } from './webhooks.ts';

const PATH = '/api/v1/webhooks';
const tags = ['webhooks'];
const params = z.object({ id: z.string() });

const list = createRoute({
  method: 'get',
  path: PATH,
  tags,
  summary: 'Webhooks of the account, oldest first',
  responses: { 200: json(z.object({ webhooks: z.array(webhookSchema) }), 'At most 50') },
});

const create = createRoute({
  method: 'post',
  path: PATH,
  tags,
  middleware: jsonBody(),
  summary: 'Be told of events',
  description:
    'A repeat with the same Idempotency-Key answers the same webhook. Every message is signed as Stream does it: `Webhook-Signature: time=…,sig1=…`.',
  request: { headers: idempotencyHeaders, ...body(createWebhookSchema) },
  responses: { 201: json(webhookWithSecretSchema, 'The webhook with its secret') },
});

const get = createRoute({
  method: 'get',
  path: `${PATH}/{id}`,
  tags,
  summary: 'One webhook',
  request: { params },
  responses: { 200: json(webhookSchema, 'The webhook') },
});

const edit = createRoute({
  method: 'patch',
  path: `${PATH}/{id}`,
  tags,
  middleware: jsonBody(),
  summary: 'Change a webhook, or switch it on or off',
  request: { params, ...body(editWebhookSchema) },
  responses: { 200: json(webhookSchema, 'The webhook after the change') },
});

const remove = createRoute({
  method: 'delete',
  path: `${PATH}/{id}`,
  tags,
  summary: 'Delete a webhook with its log',
  request: { params },
  responses: { 204: { description: 'Gone' } },
});

const rotate = createRoute({
  method: 'post',
  path: `${PATH}/{id}/rotate-secret`,
  tags,
  middleware: jsonBody(),
  summary: 'Make a new secret',
  description:
    'While the overlap lasts, `sig1` is made with the new secret and `sig2` with the former.',
  request: { params, ...body(rotateSecretSchema) },
  responses: { 200: json(webhookWithSecretSchema, 'The webhook with its new secret') },
});

const ping = createRoute({
  method: 'post',
  path: `${PATH}/{id}/ping`,
  tags,
  summary: 'Send a test event',
  request: { params },
  responses: { 202: json(z.object({ deliveryId: z.string() }), 'On its way; see its delivery') },
});

/** `/api/v1/webhooks`. */
export function webhookRoutes(webhooks: Webhooks): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(list, async (c) => {
    const { accountId } = requireScope(c, 'webhooks:read');
    return c.json({ webhooks: (await webhooks.list(accountId)).map(render) }, 200);
  });
  routes.openapi(create, async (c) => {
    const caller = requireScope(c, 'webhooks:write');
    const { 'idempotency-key': key } = c.req.valid('header');
    const made = await webhooks.create(caller, c.req.valid('json'), key);
    c.header('location', `${PATH}/${made.row.id}`);
    return c.json(renderWithSecret(made), 201);
  });
  routes.openapi(get, async (c) => {
    const { accountId } = requireScope(c, 'webhooks:read');
    return c.json(render(await webhooks.get(accountId, c.req.valid('param').id)), 200);
  });
  routes.openapi(edit, async (c) => {
    const caller = requireScope(c, 'webhooks:write');
    const { id } = c.req.valid('param');
    return c.json(render(await webhooks.edit(caller, id, c.req.valid('json'))), 200);
  });
  routes.openapi(remove, async (c) => {
    const { accountId } = requireScope(c, 'webhooks:write');
    await webhooks.remove(accountId, c.req.valid('param').id);
    return c.body(null, 204);
  });
  routes.openapi(rotate, async (c) => {
    const { accountId } = requireScope(c, 'webhooks:write');
    const { overlapSeconds } = c.req.valid('json');
    const rotated = await webhooks.rotate(accountId, c.req.valid('param').id, overlapSeconds);
    return c.json(renderWithSecret(rotated), 200);
  });
  routes.openapi(ping, async (c) => {
    const { accountId } = requireScope(c, 'webhooks:write');
    return c.json({ deliveryId: await webhooks.ping(accountId, c.req.valid('param').id) }, 202);
  });
  return routes;
}

function renderWithSecret({ row, secret }: WithSecret): z.infer<typeof webhookWithSecretSchema> {
  return { ...render(row), secret };
}

function render(row: WebhookRow): z.infer<typeof webhookSchema> {
  const { id, kind, url, events, enabled, disabledReason, failures } = row;
  const { failingSince, formerUntil, createdAt, modifiedAt } = row;
  return {
    ...{ id, kind, url, events: [...events], enabled, failures },
    ...(disabledReason !== null && { disabledReason }),
    ...(failingSince !== null && { failingSince: iso(failingSince) }),
    ...(formerUntil !== null && { formerSecretUntil: iso(formerUntil) }),
    ...{ createdAt: iso(createdAt), modifiedAt: iso(modifiedAt) },
  };
}
