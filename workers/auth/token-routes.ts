import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { DrizzleD1Database } from 'drizzle-orm/d1';

import { AppError } from '../../src/contracts/errors.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { jsonBody } from '../../src/http/json-body.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import {
  createApiToken,
  findApiToken,
  latestExpiry,
  listApiTokens,
  revokeApiToken,
} from './api-tokens.ts';
import { requireHeld } from './service.ts';
import { newTokenSchema, renderToken, tokenSchema } from './token-schemas.ts';

const MAX_PAGE = 100;

const create = createRoute({
  method: 'post',
  path: '/api/v1/tokens',
  tags: ['tokens'],
  summary: 'Make an API token',
  description:
    'The token is shown in this answer only. It may hold the scopes of your own token or fewer, and lives on when yours is revoked.',
  security: [{ bearer: [] }],
  middleware: jsonBody(),
  request: {
    body: { required: true, content: { 'application/json': { schema: newTokenSchema } } },
  },
  responses: {
    201: {
      description: 'Made',
      content: { 'application/json': { schema: tokenSchema.extend({ token: z.string() }) } },
    },
    400: { description: 'A field is not valid' },
    401: { description: 'No valid token' },
    403: { description: 'The scope "tokens:write" or one of the wanted scopes is missing' },
  },
});

const list = createRoute({
  method: 'get',
  path: '/api/v1/tokens',
  tags: ['tokens'],
  summary: 'List API tokens, newest first',
  description: 'Expired and revoked tokens are listed too. The tokens themselves are never shown.',
  security: [{ bearer: [] }],
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(MAX_PAGE),
      after: z.string().max(100).optional(),
    }),
  },
  responses: {
    200: {
      description: 'One page; `next` is the value of `after` for the following one',
      content: {
        'application/json': {
          schema: z.object({ tokens: z.array(tokenSchema), next: z.string().optional() }),
        },
      },
    },
    401: { description: 'No valid token' },
    403: { description: 'The scope "tokens:write" is missing' },
  },
});

const revoke = createRoute({
  method: 'delete',
  path: '/api/v1/tokens/{id}',
  tags: ['tokens'],
  summary: 'Revoke an API token',
  description:
    'For good and at once; access tokens made from it are refused within 60 seconds. A repeat changes nothing.',
  security: [{ bearer: [] }],
  request: { params: z.object({ id: z.string().max(100) }) },
  responses: {
    200: {
      description: 'Revoked',
      content: { 'application/json': { schema: tokenSchema.extend({ message: z.string() }) } },
    },
    401: { description: 'No valid token' },
    403: { description: 'The scope "tokens:write" is missing' },
    404: { description: 'This account has no such token' },
  },
});

/** `/api/v1/tokens`: an account's API tokens. */
export function tokenRoutes(db: DrizzleD1Database): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(create, async (c) => {
    const caller = requireScope(c, 'tokens:write');
    const { name, scopes, expiresAt, expiresInSeconds } = c.req.valid('json');
    requireHeld(caller, scopes);
    const now = Date.now();
    const asked = expiresInSeconds === undefined ? undefined : now + expiresInSeconds * 1000;
    const wanted = expiresAt === undefined ? asked : Date.parse(expiresAt);
    const expiry = await latestExpiry(db, caller.tokenId, wanted, now);
    const { text, token } = await createApiToken(
      db,
      {
        accountId: caller.accountId,
        name,
        scopes,
        expiresAt: expiry,
      },
      now,
    );
    c.header('cache-control', 'no-store');
    return c.json({ ...renderToken(token), token: text }, 201);
  });
  routes.openapi(list, async (c) => {
    const { accountId } = requireScope(c, 'tokens:write');
    const { limit, after } = c.req.valid('query');
    const tokens = await listApiTokens(db, accountId, { limit, after });
    const next = tokens.length === limit ? tokens.at(-1)?.id : undefined;
    c.header('cache-control', 'no-store');
    return c.json({ tokens: tokens.map(renderToken), ...(next !== undefined && { next }) }, 200);
  });
  routes.openapi(revoke, async (c) => {
    const caller = requireScope(c, 'tokens:write');
    const { accountId, tokenId } = caller;
    const { id } = c.req.valid('param');
    const doomed = await findApiToken(db, { accountId, id });
    if (doomed !== undefined && id !== tokenId) requireHeld(caller, doomed.scopes);
    const token = await revokeApiToken(db, { accountId, id }, Date.now());
    if (token === undefined) {
      throw new AppError('token.not_found', `This account has no token "${id}".`);
    }
    return c.json({ ...renderToken(token), message: describeRevocation(id === tokenId) }, 200);
  });
  return routes;
}

function describeRevocation(isOwn: boolean): string {
  const effect =
    'Revoked for good. Access tokens made from it are refused within 60 seconds at the latest.';
  return isOwn
    ? `${effect} It is the token you called with: your next call needs another.`
    : effect;
}
