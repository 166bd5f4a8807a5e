import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import { AppError } from '../../src/contracts/errors.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { envelope } from '../../src/http/envelope.ts';
import { jsonBody } from '../../src/http/json-body.ts';
import { requireAccountScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import type { ServiceDirectory } from '../../src/kernel/service-directory.ts';
import { issuePlaybackToken, playbackTokenRequestSchema } from './issue-playback-token.ts';
import type { SigningKeys } from './signing-keys.ts';

const OWN_KEY = 'signing with a key of your own is not supported here; leave id, pem and jwk out';

const requestSchema = playbackTokenRequestSchema
  .extend({
    id: z.string().optional(),
    pem: z.string().optional(),
    jwk: z.string().optional(),
  })
  .superRefine((body, context) => {
    for (const member of ['pem', 'jwk', 'id'] as const) {
      if (body[member] !== undefined) {
        context.addIssue({ code: 'custom', path: [member], message: OWN_KEY });
      }
    }
  })
  .transform(({ id: _id, pem: _pem, jwk: _jwk, ...request }) => request);

const create = createRoute({
  method: 'post',
  path: '/client/v4/accounts/{account_id}/stream/{uid}/token',
  tags: ['playback'],
  summary: 'Make a signed playback token',
  description:
    'The token takes the place of the uid in playback addresses. It lives one hour unless `exp` says otherwise, 24 hours at most. Whoever may read a video may let others watch it.',
  security: [{ bearer: [] }],
  middleware: jsonBody(),
  request: {
    params: z.object({ account_id: z.string(), uid: z.string() }),
    body: { required: false, content: { 'application/json': { schema: requestSchema } } },
  },
  responses: {
    200: {
      description: 'The token, in the envelope',
      content: {
        'application/json': {
          schema: z.object({
            success: z.literal(true),
            errors: z.array(z.unknown()),
            messages: z.array(z.unknown()),
            result: z.object({ token: z.string() }),
          }),
        },
      },
    },
    400: { description: 'A field is not valid' },
    401: { description: 'No valid token' },
    403: { description: 'Another account, or the scope "videos:read" is missing' },
    404: { description: 'This account has no such video' },
  },
});

/** `POST …/stream/{uid}/token`: playback tokens of Stream's form. */
export function playbackTokenRoutes(
  services: ServiceDirectory,
  keys: SigningKeys,
): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(create, async (c) => {
    const { account_id: accountId, uid } = c.req.valid('param');
    requireAccountScope(c, accountId, 'videos:read');
    const video = await services.get('metadata').findVideo(accountId, uid);
    if (video === undefined) {
      throw new AppError('video.not_found', `This account has no video "${uid}".`);
    }
    const now = Date.now();
    const signer = await keys.getSigner({ kind: 'playback', accountId }, now);
    const token = await issuePlaybackToken(video.uid, c.req.valid('json'), signer, now);
    const response = envelope({ token });
    response.headers.set('cache-control', 'no-store');
    return response;
  });
  return routes;
}
