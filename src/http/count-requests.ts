import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';

import { ownerOf } from '../contracts/services.ts';
import type { Metrics } from '../kernel/metrics.ts';
import type { AppEnv } from './app-env.ts';
import { methodLabel, statusClass } from './request-labels.ts';

/** Counts every request by service, route and status class, with the time to the head of its answer. */
export function countRequests(metrics: Metrics): MiddlewareHandler<AppEnv> {
  return async function countRequest(c, next) {
    const startedAt = Date.now();
    await next();
    if (c.get('isCounted') === true) return;
    const service = ownerOf(c.req.method, c.req.path);
    const where = { service: service ?? 'gateway', route: routeOf(c) };
    metrics.count('streamgate_http_requests_total', {
      ...where,
      method: methodLabel(c.req.method),
      status: statusClass(c.res.status),
    });
    metrics.observe(
      'streamgate_http_request_duration_seconds',
      where,
      (Date.now() - startedAt) / 1000,
    );
  };
}

/** The route as OpenAPI writes it, never the path, of which there are endlessly many; `none` when no route answered. */
function routeOf(c: Context<AppEnv>): string {
  const path = matchedRoutes(c).findLast(({ path: each }) => !each.endsWith('*'))?.path;
  return path?.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}') ?? 'none';
}
