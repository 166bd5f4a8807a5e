import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import type { AppEnv } from '../../src/http/app-env.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import { iso, json } from './describe-routes.ts';
import type { Schedule, Schedules } from './schedules.ts';
import type { ScheduledRun } from './sweep-state.ts';

const tags = ['operations'];

const schedule = z
  .object({
    name: z.string().openapi({ example: 'metadata.orphans' }),
    everySeconds: z.number(),
    paused: z.boolean(),
    running: z.boolean(),
    failures: z.int().openapi({ description: 'Failed runs since the last good one' }),
    nextDueAt: z.iso.datetime().optional().openapi({ description: 'Absent while paused' }),
    lastRun: z
      .object({
        startedAt: z.iso.datetime(),
        endedAt: z.iso.datetime(),
        durationMs: z.int(),
        outcome: z.enum(['ok', 'failed']),
        error: z.string().optional(),
      })
      .optional(),
  })
  .openapi('Schedule');

const list = createRoute({
  method: 'get',
  path: '/api/v1/background',
  tags,
  summary: 'The work that the platform repeats, with the last run of each',
  responses: { 200: json(z.object({ schedules: z.array(schedule) }), 'All of it') },
});

const change = createRoute({
  method: 'post',
  path: '/api/v1/background/schedules/{name}/{action}',
  tags,
  summary: 'Run scheduled work now, pause it, or let it go on',
  description: '`run` works for paused work, too. A run under way is not disturbed.',
  request: {
    params: z.object({ name: z.string(), action: z.enum(['run', 'pause', 'resume']) }),
  },
  responses: { 202: json(schedule, 'The work as it is now') },
});

/** `/api/v1/background`, for operators. */
export function scheduleRoutes(schedules: Schedules): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(list, async (c) => {
    requireScope(c, 'admin');
    const now = Date.now();
    const all = await schedules.list();
    return c.json({ schedules: all.map((each) => render(each, now)) }, 200);
  });
  routes.openapi(change, async (c) => {
    requireScope(c, 'admin');
    const { name, action } = c.req.valid('param');
    return c.json(render(await schedules.change(name, action), Date.now()), 202);
  });
  return routes;
}

function render(
  { name, everyMs, state, nextDueAt }: Schedule,
  now: number,
): z.infer<typeof schedule> {
  return {
    name,
    everySeconds: everyMs / 1000,
    paused: state.pausedAt !== undefined,
    running: (state.leaseUntil ?? 0) > now,
    failures: state.failures,
    ...(nextDueAt !== undefined && { nextDueAt: iso(Math.max(nextDueAt, now)) }),
    ...(state.lastRun !== undefined && { lastRun: renderRun(state.lastRun) }),
  };
}

function renderRun({ startedAt, endedAt, error }: ScheduledRun): {
  startedAt: string;
  endedAt: string;
  durationMs: number;
  outcome: 'ok' | 'failed';
  error?: string;
} {
  const run = {
    startedAt: iso(startedAt),
    endedAt: iso(endedAt),
    durationMs: endedAt - startedAt,
  };
  return error === undefined ? { ...run, outcome: 'ok' } : { ...run, outcome: 'failed', error };
}
