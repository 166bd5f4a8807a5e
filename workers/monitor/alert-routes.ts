import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import { AppError } from '../../src/contracts/errors.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import type { AlertRow, Alerts, SilenceRow } from './alerts.ts';
import { QUIET } from './alert-state.ts';

const LONGEST_SILENCE_MINUTES = 30 * 24 * 60;
const tags = ['operations'];
const time = z.iso.datetime();

export const alertSchema = z
  .object({
    id: z.string(),
    rule: z.string(),
    severity: z.enum(['warning', 'critical']),
    state: z.enum(['firing', 'resolved']),
    summary: z.string(),
    value: z.number(),
    peak: z.number(),
    threshold: z.number(),
    startedAt: time,
    resolvedAt: time.optional(),
    acknowledgedAt: time.optional(),
    acknowledgedBy: z.string().optional(),
    note: z.string().optional(),
  })
  .openapi('Alert');

const silenceSchema = z
  .object({ rule: z.string(), until: time, reason: z.string(), createdBy: z.string() })
  .openapi('AlertSilence');

const listAlerts = createRoute({
  method: 'get',
  path: '/api/v1/alerts',
  tags,
  summary: 'Alerts, newest first',
  request: {
    query: z.object({
      state: z.enum(['firing', 'resolved']).optional(),
      before: z.string().optional().openapi({ description: 'Only alerts before this id' }),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
  },
  responses: {
    200: {
      description: 'Alerts of the last 90 days',
      content: { 'application/json': { schema: z.object({ alerts: z.array(alertSchema) }) } },
    },
  },
});

const listRules = createRoute({
  method: 'get',
  path: '/api/v1/alerts/rules',
  tags,
  summary: 'Alert rules with their limits, where each stands, and silences',
  responses: {
    200: {
      description: 'Every rule',
      content: {
        'application/json': {
          schema: z.object({
            rules: z.array(
              z.object({
                name: z.string(),
                severity: z.enum(['warning', 'critical']),
                summary: z.string(),
                unit: z.string(),
                threshold: z.number(),
                clearBelow: z.number(),
                forSeconds: z.number(),
                clearForSeconds: z.number(),
                phase: z.enum(['quiet', 'pending', 'firing']),
                silencedUntil: time.optional(),
              }),
            ),
          }),
        },
      },
    },
  },
});

const oneAlert = { params: z.object({ id: z.string() }) };
const alertAnswer = {
  200: { description: 'The alert', content: { 'application/json': { schema: alertSchema } } },
};

const getAlert = createRoute({
  method: 'get',
  path: '/api/v1/alerts/{id}',
  tags,
  summary: 'One alert',
  request: oneAlert,
  responses: alertAnswer,
});

const acknowledge = createRoute({
  method: 'post',
  path: '/api/v1/alerts/{id}/acknowledge',
  tags,
  summary: 'Say that somebody looks after it; the first one stays',
  request: {
    ...oneAlert,
    body: {
      content: {
        'application/json': { schema: z.strictObject({ note: z.string().max(1000).optional() }) },
      },
    },
  },
  responses: alertAnswer,
});

const ruleParam = { params: z.object({ rule: z.string() }) };

const silence = createRoute({
  method: 'put',
  path: '/api/v1/alerts/rules/{rule}/silence',
  tags,
  summary: 'Do not announce a rule for a while; its alerts are still kept and listed',
  request: {
    ...ruleParam,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            minutes: z.int().min(1).max(LONGEST_SILENCE_MINUTES),
            reason: z.string().min(1).max(1000),
          }),
        },
      },
    },
  },
  responses: {
    200: { description: 'Silenced', content: { 'application/json': { schema: silenceSchema } } },
  },
});

const unsilence = createRoute({
  method: 'delete',
  path: '/api/v1/alerts/rules/{rule}/silence',
  tags,
  summary: 'Announce a rule again; an alert of it that fires is announced within a minute',
  request: ruleParam,
  responses: { 204: { description: 'Not silenced' } },
});

/** `/api/v1/alerts`, for operators. */
export function alertRoutes(alerts: Alerts): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(listAlerts, async (c) => {
    requireScope(c, 'admin');
    const { state, before, limit } = c.req.valid('query');
    const filter = { limit, ...(state && { state }), ...(before && { before }) };
    return c.json({ alerts: (await alerts.list(filter)).map(describeAlert) }, 200);
  });
  routes.openapi(listRules, async (c) => {
    requireScope(c, 'admin');
    return c.json({ rules: await describeRules(alerts) }, 200);
  });
  routes.openapi(getAlert, async (c) => {
    requireScope(c, 'admin');
    return c.json(describeAlert(await alerts.get(c.req.valid('param').id)), 200);
  });
  routes.openapi(acknowledge, async (c) => {
    const { tokenId } = requireScope(c, 'admin');
    const { note } = c.req.valid('json');
    const row = await alerts.acknowledge(c.req.valid('param').id, tokenId, note);
    return c.json(describeAlert(row), 200);
  });
  routes.openapi(silence, async (c) => {
    const { tokenId } = requireScope(c, 'admin');
    const rule = requireRule(alerts, c.req.valid('param').rule);
    const { minutes, reason } = c.req.valid('json');
    const now = Date.now();
    const row = { rule, reason, until: now + minutes * 60_000, createdBy: tokenId, createdAt: now };
    await alerts.silence(row);
    return c.json(describeSilence(row), 200);
  });
  routes.openapi(unsilence, async (c) => {
    requireScope(c, 'admin');
    await alerts.unsilence(requireRule(alerts, c.req.valid('param').rule));
    return c.body(null, 204);
  });
  return routes;
}

export function describeAlert(row: AlertRow): z.infer<typeof alertSchema> {
  const { id, rule, severity, summary, value, peak, threshold, startedAt } = row;
  return {
    ...{ id, rule, severity, summary, value, peak, threshold },
    state: row.resolvedAt === null ? 'firing' : 'resolved',
    startedAt: iso(startedAt),
    ...(row.resolvedAt !== null && { resolvedAt: iso(row.resolvedAt) }),
    ...(row.acknowledgedAt !== null && { acknowledgedAt: iso(row.acknowledgedAt) }),
    ...(row.acknowledgedBy !== null && { acknowledgedBy: row.acknowledgedBy }),
    ...(row.note !== null && { note: row.note }),
  };
}

function describeSilence({ rule, until, reason, createdBy }: SilenceRow): {
  rule: string;
  until: string;
  reason: string;
  createdBy: string;
} {
  return { rule, until: iso(until), reason, createdBy };
}

async function describeRules(alerts: Alerts): Promise<
  {
    name: string;
    severity: 'warning' | 'critical';
    summary: string;
    unit: string;
    threshold: number;
    clearBelow: number;
    forSeconds: number;
    clearForSeconds: number;
    phase: 'quiet' | 'pending' | 'firing';
    silencedUntil?: string;
  }[]
> {
  const [states, silences] = await Promise.all([alerts.states(), alerts.silences(Date.now())]);
  return alerts.rules.map(({ name, severity, summary, unit, threshold, clearBelow, ...times }) => {
    const until = silences.find(({ rule }) => rule === name)?.until;
    return {
      ...{ name, severity, summary, unit, threshold, clearBelow },
      forSeconds: times.forMs / 1000,
      clearForSeconds: times.clearForMs / 1000,
      phase: (states[name] ?? QUIET).phase,
      ...(until !== undefined && { silencedUntil: iso(until) }),
    };
  });
}

function requireRule(alerts: Alerts, name: string): string {
  const names = alerts.rules.map((rule) => rule.name);
  if (names.includes(name)) return name;
  throw new AppError(
    'alert.rule_not_found',
    `There is no alert rule "${name}". The rules are: ${names.join(', ')}.`,
    { pointer: '/rule' },
  );
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
