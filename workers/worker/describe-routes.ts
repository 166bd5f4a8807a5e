import { z } from '@hono/zod-openapi';

interface JsonContent<T> {
  readonly content: { readonly 'application/json': { readonly schema: T } };
}

interface JsonAnswer<T> extends JsonContent<T> {
  readonly description: string;
}

/** A response with a JSON body, for route descriptions. */
export function json<T extends z.ZodType>(schema: T, description: string): JsonAnswer<T> {
  return { description, content: { 'application/json': { schema } } };
}

/** A required JSON body. */
export function body<T extends z.ZodType>(
  schema: T,
): { readonly body: JsonContent<T> & { readonly required: true } } {
  return { body: { required: true, content: { 'application/json': { schema } } } };
}

export const idempotencyHeaders = z.object({
  'idempotency-key': z.string().min(1).max(255).optional(),
});

export const limitQuery = z.coerce.number().int().min(1).max(100).default(50);

/** A page ends at this time (exclusive); the last item's time begins the next one. */
export const beforeQuery = z.iso
  .datetime()
  .transform((text) => Date.parse(text))
  .optional();

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
