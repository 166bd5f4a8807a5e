import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import type { AppEnv } from '../../src/http/app-env.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import { checkAddress } from './check-address.ts';
import { METRICS_TYPE, renderMetrics } from './render-metrics.ts';
import type { MonitorService } from './service.ts';

const tags = ['health'];
const check = z.object({ name: z.string(), ok: z.boolean(), detail: z.string() });
const readiness = z.object({ ready: z.boolean(), checks: z.array(check) }).openapi('Readiness');

const ready = createRoute({
  method: 'get',
  path: '/ready',
  tags,
  summary: 'Whether uploads and transcodes will work',
  responses: {
    200: { description: 'Ready', content: { 'application/json': { schema: readiness } } },
    503: {
      description: 'Not ready; the checks say what is missing',
      content: { 'application/json': { schema: readiness } },
    },
  },
});

const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  tags,
  summary: 'Prometheus metrics',
  responses: {
    200: { description: 'Text format 0.0.4', content: { 'text/plain': { schema: z.string() } } },
  },
});

const status = createRoute({
  method: 'get',
  path: '/api/v1/status',
  tags,
  summary: 'Readiness now and in the last hour, events, outbox',
  responses: {
    200: {
      description: 'The status',
      content: {
        'application/json': {
          schema: readiness.extend({
            events: z.record(z.string(), z.int()),
            outbox: z.object({ waiting: z.int(), dead: z.int() }),
            samples: z.array(
              z.object({ at: z.int(), ready: z.boolean(), failing: z.array(z.string()) }),
            ),
          }),
        },
      },
    },
  },
});

/** `/ready`, `/metrics` and `/api/v1/status`. */
export function monitorRoutes(service: MonitorService): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(ready, async (c) => {
    c.header('cache-control', 'no-store');
    const address = checkAddress(c.env.PUBLIC_URL, c.req.url);
    const { ready: areReady, checks } = await service.readiness();
    const isReady = areReady && address.ok;
    const answer = { ready: isReady, checks: [address, ...checks] };
    return isReady ? c.json(answer, 200) : c.json(answer, 503);
  });
  routes.openapi(metrics, async (c) => {
    requireScope(c, 'metrics:read');
    const text = renderMetrics(await service.metrics(Date.now()));
    return c.text(text, 200, { 'content-type': METRICS_TYPE, 'cache-control': 'no-store' });
  });
  routes.openapi(status, async (c) => {
    requireScope(c, 'admin');
    const { ready: isReady, checks, samples, events = {}, outbox: box } = await service.status();
    const shown = samples.map(({ failing, ...sample }) => ({ ...sample, failing: [...failing] }));
    const outbox = { waiting: box?.waiting ?? 0, dead: box?.dead ?? 0 };
    return c.json({ ready: isReady, checks: [...checks], events, outbox, samples: shown }, 200);
  });
  return routes;
}
