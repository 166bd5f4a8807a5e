import type { MiddlewareHandler } from 'hono';

import { createId } from '../../../src/contracts/ids.ts';
import type { AppEnv } from '../../../src/http/app-env.ts';
import type { Logger } from '../../../src/kernel/logger.ts';
import { redactPath } from '../redact-path.ts';

/** Gives the request an id, a logger that carries it, and one `request.finished` line. */
export function requestLog(logger: Logger): MiddlewareHandler<AppEnv> {
  return async function logRequest(c, next) {
    const requestId = createId('req', Date.now());
    const bound = logger.with({ requestId });
    c.set('requestId', requestId);
    c.set('logger', bound);
    const startedAt = Date.now();
    await next();
    c.res.headers.set('x-request-id', requestId);
    bound.info('request.finished', {
      method: c.req.method,
      path: redactPath(c.req.path),
      status: c.res.status,
      durationMs: Date.now() - startedAt,
    });
  };
}
