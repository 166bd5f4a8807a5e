import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { secureHeaders } from 'hono/secure-headers';

import { AppError } from '../../src/contracts/errors.ts';
import { ROUTE_OWNERS } from '../../src/contracts/services.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { countRequests } from '../../src/http/count-requests.ts';
import {
  errorCodeOf,
  isOurFault,
  renderEnvelopeError,
  renderProblem,
} from '../../src/http/render-error.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { missingService } from '../../src/kernel/service-directory.ts';
import { authenticate } from './middleware/authenticate.ts';
import { apiCors } from './middleware/cors.ts';
import { rateLimit } from './middleware/rate-limit.ts';
import { requestLog } from './middleware/request-log.ts';
import { healthRoutes } from './health-routes.ts';
import { describeApi } from './openapi.ts';
import { redactPath } from './redact-path.ts';

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
  for (const routes of context.contributions.routes) app.route('/', routes);
  describeApi(app, context.config);
  app.notFound(async (c) => {
    const asset = await findAsset(c.env, c.req.raw);
    if (asset !== undefined) return asset;
    const missing = whatIsMissing(c.req.path, context);
    context.metrics.count('streamgate_errors_total', { code: missing.code });
    return renderError(c, missing);
  });
  app.onError((error, c) => {
    context.metrics.count('streamgate_errors_total', { code: errorCodeOf(error) });
    if (isOurFault(error))
      c.get('logger').error('request.failed', { path: redactPath(c.req.path), error });
    return renderError(c, error);
  });
  return app;
}

/** The error in the form of the path it happened on. */
function renderError(c: Context<AppEnv>, error: unknown): Response {
  const render = c.req.path.startsWith('/client/') ? renderEnvelopeError : renderProblem;
  return render(error, c.get('requestId'));
}

function refuseMethod(c: Context<AppEnv>, allowed: readonly string[]): Response {
  const sentence = `This address takes ${allowed.join(', ')}.`;
  const response = renderError(c, new AppError('request.method_not_allowed', sentence));
  response.headers.set('allow', allowed.join(', '));
  return response;
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

function whatIsMissing(path: string, context: ServiceContext): AppError {
  const running = context.kernel.list().map((plugin) => plugin.name);
  const owner = ROUTE_OWNERS.find(({ pattern }) => pattern.test(path))?.service;
  if (owner !== undefined && !running.includes(owner)) return missingService(owner);
  return new AppError(
    'request.not_found',
    'There is nothing at this address. /openapi.json lists what there is.',
  );
}
