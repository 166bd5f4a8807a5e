import { z } from '@hono/zod-openapi';

import { SCOPES } from '../../src/contracts/principal.ts';
import type { ApiToken } from '../../src/contracts/service-apis.ts';

const MAX_LIFE_SECONDS = 10 * 366 * 24 * 3600;

export const scopes = z
  .array(z.enum(SCOPES))
  .min(1)
  .max(SCOPES.length)
  .refine((list) => new Set(list).size === list.length, 'names a scope twice')
  .openapi({ example: ['videos:read'] });

/** What a client says to get an API token. */
export const newTokenSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    scopes,
    expiresAt: z.iso.datetime({ offset: true }).optional(),
    expiresInSeconds: z.int().min(1).max(MAX_LIFE_SECONDS).optional(),
  })
  .superRefine((body, context) => {
    if (body.expiresAt === undefined) return;
    const fault = faultOfExpiry(body.expiresAt, body.expiresInSeconds);
    if (fault !== undefined) {
      context.addIssue({ code: 'custom', path: ['expiresAt'], message: fault });
    }
  });

export const tokenSchema = z
  .object({
    id: z.string().openapi({ example: 'tok_01k2v9' }),
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().optional(),
    revokedAt: z.iso.datetime().optional(),
  })
  .openapi('ApiToken');

/** A token in its form for clients: times in RFC 3339. */
export function renderToken(token: ApiToken): z.infer<typeof tokenSchema> {
  return {
    id: token.id,
    name: token.name,
    scopes: [...token.scopes],
    createdAt: toRfc3339(token.createdAt),
    ...(token.expiresAt !== undefined && { expiresAt: toRfc3339(token.expiresAt) }),
    ...(token.revokedAt !== undefined && { revokedAt: toRfc3339(token.revokedAt) }),
  };
}

export function toRfc3339(time: number): string {
  return new Date(time).toISOString();
}

function faultOfExpiry(expiresAt: string, inSeconds: number | undefined): string | undefined {
  if (inSeconds !== undefined) return 'give expiresAt or expiresInSeconds, not both';
  const left = Date.parse(expiresAt) - Date.now();
  if (left <= 0) return 'is in the past';
  return left > MAX_LIFE_SECONDS * 1000 ? 'is more than ten years ahead' : undefined;
}
