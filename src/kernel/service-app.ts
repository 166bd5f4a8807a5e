import { OpenAPIHono } from '@hono/zod-openapi';
import { methodNotAllowed } from 'hono/method-not-allowed';

import { createId } from '../contracts/ids.ts';
import type { Principal } from '../contracts/principal.ts';
import { PLAYBACK_ADDRESS } from '../contracts/services.ts';
import { answerError, refuseMethod, renderError, unknownAddress } from '../http/answer-error.ts';
import type { AppEnv } from '../http/app-env.ts';
import { API_DESCRIPTION_PATH, readForwardedCall } from '../http/forwarded-call.ts';
import { countRequests } from '../http/count-requests.ts';
import { errorCodeOf } from '../http/render-error.ts';
import { rawPathOf } from '../http/raw-path.ts';
import type { SentCallContext } from './call-context.ts';
import { runReceived } from './receive-call.ts';
import type { ServiceContext } from './service-context.ts';

type ServiceApp = (request: Request, env: Env, execution: ExecutionContext) => Promise<Response>;

/**
 * The HTTP face of one service behind the gateway, which has done what concerns every request (authentication, CORS, the log line)
 * and says who calls. Errors have the same form as in the monolith.
 */
export function createServiceApp(context: ServiceContext): ServiceApp {
  const app = createRoutes(context);
  const { playback } = context.contributions;
  return async (request, env, execution) => {
    const path = rawPathOf(request.url);
    if (playback === undefined || !PLAYBACK_ADDRESS.test(path))
      return app.fetch(request, env, execution);
    const { requestId, sent } = readCall(request);
    const { logger, tracer } = context;
    const waitUntil = (work: Promise<unknown>): void => execution.waitUntil(work);
    return runReceived(tracer, 'streaming.fetch', sent, () =>
      playback(request, { path, requestId, logger, waitUntil }),
    );
  };
}

function createRoutes(context: ServiceContext): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>();
  app.use(async (c, next) => {
    const { principal, requestId, sent } = readCall(c.req.raw);
    c.set('principal', principal);
    c.set('requestId', requestId);
    c.set('logger', context.logger);
    const name = `${context.config.APP_SERVICE_NAME}.fetch`;
    await runReceived(context.tracer, name, sent, next);
  });
  app.use(countRequests(context.metrics));
  app.use(methodNotAllowed({ app, onMethodNotAllowed: refuseMethod }));
  for (const routes of context.contributions.routes) app.route('/', routes);
  app.get(API_DESCRIPTION_PATH, (c) =>
    c.json(app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } })),
  );
  app.notFound((c) => renderError(c, unknownAddress()));
  app.onError((error, c) => {
    context.metrics.count('streamgate_errors_total', { code: errorCodeOf(error) });
    return answerError(error, c);
  });
  return app;
}

interface ReceivedCall {
  readonly principal: Principal | undefined;
  readonly requestId: string;
  readonly sent: SentCallContext;
}

function readCall({ headers }: Request): ReceivedCall {
  const { principal, context } = readForwardedCall(headers);
  const requestId = context.requestId ?? createId('req', Date.now());
  return { principal, requestId, sent: { ...context, requestId } };
}
