import { z } from '@hono/zod-openapi';

import { WEBHOOK_EVENT_TYPES } from '../../src/contracts/webhook-events.ts';

const LONGEST_OVERLAP_SECONDS = 7 * 24 * 3600;

const url = z.string().max(2048).openapi({
  example: 'https://example.com/hooks/streamgate',
  description: 'A public https address on port 443. Redirects are not followed.',
});
const events = z
  .array(z.enum(['*', ...WEBHOOK_EVENT_TYPES]))
  .min(1)
  .openapi({
    description: '`*` is everything of the account; `alert.…` must be named and needs `admin`.',
  });
const enabled = z.boolean();

export const createWebhookSchema = z
  .strictObject({
    url,
    events: events.default(['*']),
    enabled: enabled.default(true),
  })
  .openapi('CreateWebhook');

export type CreateWebhook = z.infer<typeof createWebhookSchema>;

export const editWebhookSchema = z
  .strictObject({ url: url.optional(), events: events.optional(), enabled: enabled.optional() })
  .openapi('EditWebhook');

export type EditWebhook = z.infer<typeof editWebhookSchema>;

export const rotateSecretSchema = z.strictObject({
  overlapSeconds: z
    .int()
    .min(0)
    .max(LONGEST_OVERLAP_SECONDS)
    .default(24 * 3600)
    .openapi({ description: 'How long the former secret signs, too' }),
});

export const webhookSchema = z
  .object({
    id: z.string().openapi({ example: 'whk_01hzz0000000000000000000xy' }),
    kind: z.enum(['endpoint', 'stream']).openapi({
      description: '`stream`: the one webhook of the Stream API',
    }),
    url: z.string(),
    events: z.array(z.string()),
    enabled: z.boolean(),
    disabledReason: z.string().optional(),
    failures: z.int().openapi({ description: 'Attempts that failed since the last success' }),
    failingSince: z.iso.datetime().optional(),
    formerSecretUntil: z.iso.datetime().optional(),
    createdAt: z.iso.datetime(),
    modifiedAt: z.iso.datetime(),
  })
  .openapi('Webhook');

export const webhookWithSecretSchema = webhookSchema
  .extend({ secret: z.string().openapi({ description: 'Shown here only: keep it' }) })
  .openapi('WebhookWithSecret');

const attemptSchema = z.object({
  at: z.iso.datetime(),
  latencyMs: z.int(),
  status: z.int().optional(),
  error: z.string().optional(),
  excerpt: z.string().optional().openapi({ description: 'The first kilobyte of the answer' }),
});

export const deliverySchema = z
  .object({
    id: z.string(),
    eventId: z.string(),
    eventType: z.string(),
    state: z.enum(['pending', 'delivered', 'failed']),
    createdAt: z.iso.datetime(),
    nextAttemptAt: z.iso.datetime().optional(),
    endedAt: z.iso.datetime().optional(),
    attempts: z.array(attemptSchema),
  })
  .openapi('WebhookDelivery');

export const deliveryWithBodySchema = deliverySchema
  .extend({ body: z.string().openapi({ description: 'What is sent, byte by byte' }) })
  .openapi('WebhookDeliveryWithBody');
