import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import { AppError } from '../../src/contracts/errors.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { envelope } from '../../src/http/envelope.ts';
import { jsonBody } from '../../src/http/json-body.ts';
import { requireAccountScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import { body, json } from './describe-routes.ts';
import type { Webhooks, WithSecret } from './webhooks.ts';

const path = '/client/v4/accounts/{account_id}/stream/webhook';
const tags = ['webhooks'];
const params = z.object({ account_id: z.string().openapi({ example: 'default' }) });
const address = z.string().max(2048).optional();
const envelopeOf = <T extends z.ZodType>(result: T) =>
  z.object({
    success: z.literal(true),
    errors: z.array(z.unknown()),
    messages: z.array(z.unknown()),
    result,
  });
const webhook = envelopeOf(
  z.object({ notificationUrl: z.string(), modified: z.iso.datetime(), secret: z.string() }),
);

const put = createRoute({
  method: 'put',
  path,
  tags,
  middleware: jsonBody(),
  summary: 'Set the webhook of the Stream API: told when a video is ready or failed',
  request: {
    params,
    ...body(z.object({ notificationUrl: address, notification_url: address })),
  },
  responses: { 200: json(webhook, 'The webhook; the secret stays when the address changes') },
});

const get = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'The webhook of the Stream API',
  request: { params },
  responses: { 200: json(webhook, 'The webhook') },
});

const remove = createRoute({
  method: 'delete',
  path,
  tags,
  summary: 'Remove the webhook of the Stream API',
  request: { params },
  responses: { 200: json(envelopeOf(z.string()), 'Gone') },
});

/** Stream's one webhook an account; in the list of all webhooks it has the kind `stream`. */
export function streamWebhookRoutes(webhooks: Webhooks): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(put, async (c) => {
    const { account_id } = c.req.valid('param');
    const { accountId } = requireAccountScope(c, account_id, 'webhooks:write');
    const { notificationUrl, notification_url } = c.req.valid('json');
    const url = notificationUrl ?? notification_url;
    if (url === undefined) {
      throw new AppError('request.invalid', 'notificationUrl: is missing', {
        pointer: '/notificationUrl',
      });
    }
    return envelope(render(await webhooks.putStream(accountId, url))) as never;
  });
  routes.openapi(get, async (c) => {
    const { account_id } = c.req.valid('param');
    // The answer holds the secret.
    const { accountId } = requireAccountScope(c, account_id, 'webhooks:write');
    return envelope(render(await webhooks.getStream(accountId))) as never;
  });
  routes.openapi(remove, async (c) => {
    const { account_id } = c.req.valid('param');
    const { accountId } = requireAccountScope(c, account_id, 'webhooks:write');
    await webhooks.removeStream(accountId);
    return envelope('The webhook is removed.') as never;
  });
  return routes;
}

function render({ row, secret }: WithSecret): Record<string, string> {
  const modified = new Date(row.modifiedAt).toISOString();
  return { notificationUrl: row.url, modified, secret };
}
