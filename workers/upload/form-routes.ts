import { z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import { AppError } from '../../src/contracts/errors.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { envelope } from '../../src/http/envelope.ts';
import { requireAccountScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { receiveForm } from './receive-form.ts';
import type { UploadService } from './service.ts';

const formSchema = z.object({
  file: z.string().openapi({ format: 'binary', description: 'The video, up to 200 MB' }),
  name: z.string().optional(),
  creator: z.string().optional(),
  requireSignedURLs: z.enum(['true', 'false']).optional(),
});

/** Stream's basic upload. The form is read as it comes, so the route has no body schema that would read it first. */
export function formRoutes(context: ServiceContext, service: UploadService): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openAPIRegistry.registerPath({
    method: 'post',
    path: '/client/v4/accounts/{account_id}/stream',
    tags: ['stream'],
    summary: 'Upload a video as one form',
    request: {
      params: z.object({ account_id: z.string() }),
      body: { required: true, content: { 'multipart/form-data': { schema: formSchema } } },
    },
    responses: {
      200: { description: 'The Video object in the envelope' },
      400: { description: 'The form is not usable; `source.pointer` names what is wrong' },
      413: { description: 'The file is larger than 200 MB' },
    },
  });
  routes.post('/client/v4/accounts/:account_id/stream', async (c) => {
    const { accountId } = requireAccountScope(c, c.req.param('account_id'), 'uploads:write');
    const upload = receiveForm(service, accountId, c.req.raw);
    // What was begun must be cleaned up even when the client has gone and nobody waits for the answer.
    c.executionCtx.waitUntil(upload.catch(() => undefined));
    const video = await context.services.get('metadata').describeVideo(accountId, await upload);
    if (video === undefined) throw new AppError('video.not_found', 'This video was deleted.');
    return envelope(video);
  });
  return routes;
}
