import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import { SERVICE_NAMES } from '../../src/contracts/services.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { createRouter } from '../../src/http/routes.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { systemHealth } from '../../src/kernel/system-health.ts';

const healthState = z.enum(['up', 'degraded', 'down']);
const pluginHealth = z.object({
  version: z.string(),
  status: healthState,
  details: z.record(z.string(), z.unknown()).optional(),
});

const health = createRoute({
  method: 'get',
  path: '/health',
  tags: ['health'],
  summary: 'Health of every plugin',
  responses: {
    200: {
      description: 'Up or degraded',
      content: {
        'application/json': {
          schema: z.object({ status: healthState, plugins: z.record(z.string(), pluginHealth) }),
        },
      },
    },
    503: { description: 'A plugin is down; same body' },
  },
});

const live = createRoute({
  method: 'get',
  path: '/health/live',
  tags: ['health'],
  summary: 'The Worker answers',
  responses: {
    200: {
      description: 'Alive',
      content: { 'application/json': { schema: z.object({ status: z.literal('up') }) } },
    },
  },
});

const services = createRoute({
  method: 'get',
  path: '/api/v1/services',
  tags: ['health'],
  summary: 'Every service with version, mode and health',
  responses: {
    200: {
      description: 'The nine services; one that this deployment leaves out has the status "absent"',
      content: {
        'application/json': {
          schema: z.object({
            mode: z.enum(['monolith', 'microservices']),
            services: z.array(
              z.object({
                name: z.enum(SERVICE_NAMES),
                version: z.string().optional(),
                mode: z.enum(['in-process', 'remote', 'absent']),
                status: z.enum(['up', 'degraded', 'down', 'absent']),
                details: z.record(z.string(), z.unknown()).optional(),
              }),
            ),
          }),
        },
      },
    },
  },
});

/** `/health`, `/health/live` and `/api/v1/services`: answered by the gateway itself, whatever else runs. */
export function healthRoutes(context: ServiceContext): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(live, (c) => c.json({ status: 'up' as const }, 200));
  routes.openapi(health, async (c) => {
    const answer = await systemHealth(context);
    return c.json(answer, answer.status === 'down' ? 503 : 200) as never;
  });
  routes.openapi(services, async (c) => {
    const { plugins } = await systemHealth(context);
    const list = SERVICE_NAMES.map((name) => {
      const plugin = plugins[name];
      if (plugin === undefined) return { name, mode: 'absent' as const, status: 'absent' as const };
      const mode = context.services.remotes.has(name) ? 'remote' : 'in-process';
      return { name, mode, ...plugin } as const;
    });
    return c.json({ mode: context.config.APP_MODE, services: list }, 200);
  });
  return routes;
}
