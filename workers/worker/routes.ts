import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { desc, isNotNull } from 'drizzle-orm';

import { AppError } from '../../src/contracts/errors.ts';
import { outbox } from '../../src/db/outbox.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import { listAllJobs } from '../../src/kernel/list-all-jobs.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';

const DEAD_LETTERS_SHOWN = 100;

const deadLetter = z
  .object({
    eventId: z.string(),
    subscriber: z.string(),
    type: z.string(),
    subject: z.string(),
    attempts: z.int(),
    diedAt: z.string(),
    lastError: z.string().nullable(),
  })
  .openapi('DeadLetter');

const background = createRoute({
  method: 'get',
  path: '/api/v1/background',
  tags: ['operations'],
  summary: 'Background jobs with their last run, and dead letters',
  responses: {
    200: {
      description: 'What the sweeper does',
      content: {
        'application/json': {
          schema: z.object({
            jobs: z.array(
              z.object({
                name: z.string(),
                everySeconds: z.number(),
                lastRun: z
                  .object({ startedAt: z.string(), endedAt: z.string(), outcome: z.string() })
                  .optional(),
              }),
            ),
            deadLetters: z.array(deadLetter),
          }),
        },
      },
    },
  },
});

const replay = createRoute({
  method: 'post',
  path: '/api/v1/background/dead-letters/{eventId}/replay',
  tags: ['operations'],
  summary: 'Deliver a dead letter again',
  request: { params: z.object({ eventId: z.string() }) },
  responses: {
    202: {
      description: 'It will be sent within seconds',
      content: { 'application/json': { schema: z.object({ replayed: z.int() }) } },
    },
  },
});

/** `/api/v1/background`, for operators. */
export function backgroundRoutes(context: ServiceContext): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(background, async (c) => {
    requireScope(c, 'admin');
    const runs = await context.env.SWEEPER.getByName('sweeper').runs();
    const jobs = (await listAllJobs(context)).map(({ name, everyMs }) => {
      const run = runs[name];
      const lastRun = run && {
        outcome: run.outcome,
        startedAt: iso(run.startedAt),
        endedAt: iso(run.endedAt),
      };
      return { name, everySeconds: everyMs / 1000, ...(lastRun && { lastRun }) };
    });
    return c.json({ jobs, deadLetters: await listDeadLetters(context) }, 200);
  });
  routes.openapi(replay, async (c) => {
    requireScope(c, 'admin');
    const { eventId } = c.req.valid('param');
    const replayed = await context.events.replay(eventId, Date.now());
    if (replayed === 0)
      throw new AppError('request.not_found', `There is no dead letter of the event "${eventId}".`);
    await context.services.find('worker')?.armSweeper();
    return c.json({ replayed }, 202);
  });
  return routes;
}

async function listDeadLetters(context: ServiceContext): Promise<z.infer<typeof deadLetter>[]> {
  const rows = await context.db
    .select()
    .from(outbox)
    .where(isNotNull(outbox.deadAt))
    .orderBy(desc(outbox.deadAt))
    .limit(DEAD_LETTERS_SHOWN);
  return rows.map(({ event, deadAt, eventId, subscriber, attempts, lastError }) => ({
    eventId,
    subscriber,
    type: event.type,
    subject: event.subject,
    attempts,
    diedAt: iso(deadAt ?? 0),
    lastError,
  }));
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
