import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';

import { createId } from '../../../src/contracts/ids.ts';
import type { AppEnv } from '../../../src/http/app-env.ts';
import { redactPath } from '../../../src/http/redact-path.ts';
import { runInCall } from '../../../src/kernel/call-context.ts';
import type { ServiceContext } from '../../../src/kernel/service-context.ts';
import { formatTraceparent } from '../../../src/kernel/trace-context.ts';
import type { Span } from '../../../src/kernel/trace-scope.ts';

/** Gives the request an id, its place in a trace, a logger that carries both, and one `request.finished` line. */
export function requestLog({
  logger,
  tracer,
}: Pick<ServiceContext, 'logger' | 'tracer'>): MiddlewareHandler<AppEnv> {
  return async function logRequest(c, next) {
    const startedAt = Date.now();
    const requestId = createId('req', startedAt);
    const { method } = c.req;
    const path = redactPath(c.req.path);
    c.set('requestId', requestId);
    c.set('logger', logger);
    const unit = {
      name: method,
      kind: 'server',
      parent: c.req.header('traceparent'),
      attributes: { 'http.request.method': method, 'url.path': path, 'request.id': requestId },
      fields: { requestId },
    } as const;
    await tracer.unit(unit, async (span, { context }) => {
      await runInCall({ requestId }, next);
      c.res.headers.set('x-request-id', requestId);
      c.res.headers.set('traceresponse', formatTraceparent(context));
      describeAnswer(span, c);
      const { status } = c.res;
      logger.info('request.finished', { method, path, status, durationMs: Date.now() - startedAt });
    });
  };
}

/** OpenTelemetry's conventions for HTTP servers: the route names the span, and only our own faults are errors. */
function describeAnswer(span: Span, c: Context<AppEnv>): void {
  const { status } = c.res;
  const route = routePath(c, -1);
  // A path that no route took leaves the pattern of the last middleware.
  const isRoute = !route.endsWith('*');
  span.set({
    attributes: { 'http.response.status_code': status, ...(isRoute && { 'http.route': route }) },
    ...(isRoute && { name: `${c.req.method} ${route}` }),
  });
  if (status >= 500) span.fail(String(status));
}
