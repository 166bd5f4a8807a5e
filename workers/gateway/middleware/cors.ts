import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';

import type { AppEnv } from '../../../src/http/app-env.ts';

/** The API may be called from any page: it takes bearer tokens only, never cookies, so no credentials are allowed. */
export function apiCors(): MiddlewareHandler<AppEnv> {
  return cors({
    origin: '*',
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'X-Content-SHA256',
      'Traceparent',
    ],
    exposeHeaders: [
      'Location',
      'Retry-After',
      'RateLimit',
      'RateLimit-Policy',
      'RateLimit-Limit',
      'RateLimit-Remaining',
      'RateLimit-Reset',
      'X-Request-Id',
      'Traceresponse',
      'stream-media-id',
    ],
    maxAge: 86_400,
  });
}
