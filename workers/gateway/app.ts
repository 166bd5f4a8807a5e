import { OpenAPIHono } from '@hono/zod-openapi';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { secureHeaders } from 'hono/secure-headers';

import type { AppError } from '../../src/contracts/errors.ts';
import { ownerOf } from '../../src/contracts/services.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { countRequests } from '../../src/http/count-requests.ts';
import { errorCodeOf } from '../../src/http/render-error.ts';
import {
  answerError,
  refuseMethod,
  renderError,
  unknownAddress,
} from '../../src/http/answer-error.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { missingService } from '../../src/kernel/service-directory.ts';
import { authenticate } from './middleware/authenticate.ts';
import { apiCors } from './middleware/cors.ts';
import { forward } from './middleware/forward.ts';
import { rateLimit } from './middleware/rate-limit.ts';
import { requestLog } from './middleware/request-log.ts';
import { healthRoutes } from './health-routes.ts';
import { describeApi } from './openapi.ts';

/** The whole HTTP face: what plugins contributed, between one set of middleware and one way to answer errors. */
export function createApp(context: ServiceContext): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>();
  app.use(countRequests(context.metrics));
  app.use(requestLog(context));
  app.use(
    secureHeaders({
      crossOriginResourcePolicy: false,
      xFrameOptions: false,
      referrerPolicy: 'no-referrer',
    }),
  );
  app.use('/api/*', apiCors());
  app.use('/client/*', apiCors());
  const limits = rateLimit(context, renderError);
  app.use(limits.before);
  app.use(authenticate(context));
  app.use(limits.after);
  app.use(methodNotAllowed({ app, onMethodNotAllowed: refuseMethod }));
  app.route('/', healthRoutes(context));
  if (context.services.remotes.size > 0) app.use(forward(context.services));
  for (const routes of context.contributions.routes) app.route('/', routes);
  describeApi(app, context);
  app.notFound(async (c) => {
    const asset = await findAsset(c.env, c.req.raw);
    if (asset !== undefined) return asset;
    const missing = whatIsMissing(c.req.raw, context);
    context.metrics.count('streamgate_errors_total', { code: missing.code });
    return renderError(c, missing);
  });
  app.onError((error, c) => {
    context.metrics.count('streamgate_errors_total', { code: errorCodeOf(error) });
    return answerError(error, c);
  });
  return app;
}

/** A static file for a navigation that no route answered; never for an API path. */
async function findAsset(env: Env, request: Request): Promise<Response | undefined> {
  const { pathname } = new URL(request.url);
  if (!['GET', 'HEAD'].includes(request.method) || /^\/(api|client|_task)\//.test(pathname))
    return undefined;
  const response = await env.ASSETS.fetch(request);
  // A fresh copy: headers of a fetched response cannot be changed, and the middleware adds some.
  return response.status === 404 ? undefined : new Response(response.body, response);
}

function whatIsMissing(request: Request, context: ServiceContext): AppError {
  const running = context.kernel.list().map((plugin) => plugin.name);
  const owner = ownerOf(request.method, new URL(request.url).pathname);
  if (owner !== undefined && !running.includes(owner)) return missingService(owner);
  return unknownAddress();
}
