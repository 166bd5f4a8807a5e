import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import { AppError } from '../../src/contracts/errors.ts';
import { SCOPES } from '../../src/contracts/principal.ts';
import { ACCESS_TOKEN_LIFE_SECONDS } from '../../src/http/access-token.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { parseBearer } from '../../src/http/bearer.ts';
import { jsonBody } from '../../src/http/json-body.ts';
import { createRouter } from '../../src/http/routes.ts';
import type { AuthService } from './service.ts';
import { scopes } from './token-schemas.ts';

const exchange = createRoute({
  method: 'post',
  path: '/api/v1/auth/token',
  tags: ['tokens'],
  summary: 'Get a short-lived access token for an API token',
  description:
    'For code that should not hold the API token itself, such as a page. Send the API token as bearer; an access token is not taken.',
  security: [{ bearer: [] }],
  middleware: jsonBody(),
  request: {
    body: {
      required: false,
      content: {
        'application/json': {
          schema: z.strictObject({
            scopes: scopes.optional(),
            expiresInSeconds: z.int().min(1).max(ACCESS_TOKEN_LIFE_SECONDS).optional(),
          }),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'A signed access token (EdDSA)',
      content: {
        'application/json': {
          schema: z.object({
            accessToken: z.string(),
            tokenType: z.literal('Bearer'),
            expiresIn: z.int().openapi({ description: 'Seconds' }),
            scopes: z.array(z.enum(SCOPES)),
          }),
        },
      },
    },
    400: { description: 'A field is not valid' },
    401: { description: 'No valid API token' },
    403: { description: 'The API token lacks a wanted scope' },
  },
});

/** `/api/v1/auth/token`: the exchange of an API token for an access token. */
export function exchangeRoutes(auth: AuthService): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(exchange, async (c) => {
    const token = parseBearer(c.req.header('authorization'));
    if (token === undefined) {
      throw new AppError('auth.required', 'Send an API token as "Authorization: Bearer …".');
    }
    const answer = await auth.exchange(token, c.req.valid('json'));
    c.header('cache-control', 'no-store');
    return c.json({ ...answer, scopes: [...answer.scopes] }, 200);
  });
  return routes;
}
