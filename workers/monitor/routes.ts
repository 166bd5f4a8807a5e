import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import type { AppEnv } from '../../src/http/app-env.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import { checkAddress } from './check-address.ts';
import { METRICS_TYPE, renderMetrics } from './render-metrics.ts';
import { alertSchema, describeAlert } from './alert-routes.ts';
import type { MonitorService, Status } from './service.ts';

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

const measured = z.array(z.number().nullable()).readonly();
const series = z
  .object({
    at: z
      .array(z.int())
      .readonly()
      .openapi({ description: 'End of each step of five minutes, ms' }),
    requestsPerSecond: measured,
    serverErrorRatio: measured,
    latencyP95Seconds: measured,
    segmentBytesPerSecond: measured,
    uploadBytesPerSecond: measured,
    playbackStarts: measured,
    encodeSpeed: measured.openapi({ description: 'Seconds of media encoded in a second' }),
    backlogMediaSeconds: measured,
    queueMessages: measured,
  })
  .openapi('StatusSeries');

const statusSchema = readiness.extend({
  events: z.record(z.string(), z.int()),
  outbox: z.object({ waiting: z.int(), dead: z.int() }),
  queues: z
    .array(z.object({ name: z.string(), messages: z.int(), oldestSeconds: z.number() }))
    .optional(),
  workload: z
    .object({
      queued: z.int(),
      inProgress: z.int(),
      backlogMediaSeconds: z.number(),
      longestStandstillSeconds: z.number(),
    })
    .optional(),
  encoder: z.object({ busy: z.int(), slots: z.int() }).optional(),
  samples: z.array(
    z.object({ at: z.int(), ready: z.boolean(), failing: z.array(z.string()).readonly() }),
  ),
  alerts: z.array(alertSchema),
  series,
});

const status = createRoute({
  method: 'get',
  path: '/api/v1/status',
  tags,
  summary:
    'Readiness now and in the last hour, work that waits, recent alerts, and the last day as series',
  responses: {
    200: {
      description: 'The status; what did not answer is absent',
      content: {
        'application/json': {
          schema: statusSchema,
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
    return c.json(describeStatus(await service.status()), 200, { 'cache-control': 'no-store' });
  });
  return routes;
}

function describeStatus(now: Status): z.infer<typeof statusSchema> {
  const { checks, events = {}, outbox, queues, samples, alerts, ...rest } = now;
  return {
    ...rest,
    checks: [...checks],
    events,
    outbox: { waiting: outbox?.waiting ?? 0, dead: outbox?.dead ?? 0 },
    ...(queues && { queues: [...queues] }),
    samples: [...samples],
    alerts: alerts.map(describeAlert),
  };
}
