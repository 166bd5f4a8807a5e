import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import type { CacheApi } from '../../src/contracts/service-apis.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter, invalidRequest } from '../../src/http/routes.ts';
import { CACHE_NAMESPACES, isCacheNamespace } from './namespaces.ts';
import { hitRatioOf } from './statistics.ts';
import type { CacheStatistics } from './statistics.ts';

const namespaceReport = z.object({
  name: z.string(),
  purpose: z.string(),
  ttlSeconds: z.int(),
  edgeTtlSeconds: z.int(),
  isolate: z.object({
    hits: z.int(),
    misses: z.int(),
    writes: z.int(),
    invalidations: z.int(),
    failures: z.int(),
    hitRatio: z.number().optional(),
  }),
});

const describeCache = createRoute({
  method: 'get',
  path: '/api/v1/cache',
  tags: ['operations'],
  summary: 'Cache namespaces and hit statistics of the isolate that answers',
  responses: {
    200: {
      description: 'Counts under "isolate" belong to the answering isolate only',
      content: {
        'application/json': {
          schema: z.object({
            statisticsScope: z.string(),
            countedSince: z.iso.datetime(),
            namespaces: z.array(namespaceReport),
          }),
        },
      },
    },
  },
});

const keyParams = z.object({
  namespace: z.string().refine(isCacheNamespace, {
    error: `must be one of: ${Object.keys(CACHE_NAMESPACES).join(', ')}`,
  }),
  key: z.string().regex(/^[\w.%/-]{1,400}$/, 'must be a cache key of at most 400 characters'),
});

/** `/api/v1/cache`: what the cache is for and how it does, and taking one value out. Operators only. */
export function cacheRoutes(
  cache: CacheApi,
  statistics: CacheStatistics,
  startedAt: number,
): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(describeCache, (c) => {
    requireScope(c, 'admin');
    return c.json(report(statistics, startedAt), 200, { 'cache-control': 'no-store' });
  });
  // A key has slashes of its own, which a path parameter of OpenAPI can not say.
  routes.delete('/api/v1/cache/:namespace/:key{.+}', async (c) => {
    requireScope(c, 'admin');
    const params = keyParams.safeParse(c.req.param());
    if (!params.success) throw invalidRequest(params.error.issues);
    await cache.invalidate(params.data.namespace, params.data.key);
    return c.body(null, 204);
  });
  routes.openAPIRegistry.registerPath({
    method: 'delete',
    path: '/api/v1/cache/{namespace}/{key}',
    tags: ['operations'],
    summary:
      'Take one value out of the cache; every location has forgotten it after edgeTtlSeconds',
    request: { params: keyParams },
    responses: { 204: { description: 'The value is gone, or was not there' } },
  });
  return routes;
}

function report(
  statistics: CacheStatistics,
  startedAt: number,
): {
  statisticsScope: string;
  countedSince: string;
  namespaces: z.infer<typeof namespaceReport>[];
} {
  return {
    statisticsScope: 'the isolate that answered this request, not the whole deployment',
    countedSince: new Date(startedAt).toISOString(),
    namespaces: Object.entries(CACHE_NAMESPACES).map(([name, rules]) => {
      const counts = statistics.of(name as keyof typeof CACHE_NAMESPACES);
      return { name, ...rules, isolate: { ...counts, hitRatio: hitRatioOf(counts) } };
    }),
  };
}
