import { z } from '@hono/zod-openapi';

const MAX_ORIGINS = 100;
const LONGEST_SECONDS = 36_000;

/** A host with optional port, or `*.` and a host. */
const ORIGIN =
  /^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?$/i;

const futureTime = z.iso
  .datetime({ offset: true })
  .refine((value) => Date.parse(value) > Date.now(), 'must lie in the future')
  .transform((value) => Date.parse(value));

const text = z.string().max(2048).nullable().optional();
const link = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .nullable()
  .optional();

/** What a caller may change (reference: Stream edit). Everything else is the server's and is refused by name. */
export const editSchema = z.strictObject({
  allowedOrigins: z
    .array(
      z
        .string()
        .regex(
          ORIGIN,
          'must be host names such as "example.com", "*.example.com" or "localhost:8080"',
        ),
    )
    .max(MAX_ORIGINS)
    .optional(),
  creator: z.string().max(64).nullable().optional(),
  maxDurationSeconds: z.int().min(1).max(LONGEST_SECONDS).nullable().optional(),
  meta: z.looseObject({ name: z.string().max(512).optional() }).optional(),
  publicDetails: z
    .strictObject({ title: text, share_link: link, channel_link: link, logo: link })
    .nullable()
    .optional(),
  requireSignedURLs: z.boolean().optional(),
  scheduledDeletion: futureTime.nullable().optional(),
  thumbnailTimestampPct: z.number().min(0).max(1).optional(),
  uid: z.string().optional(),
  uploadExpiry: futureTime.nullable().optional(),
});

export type VideoEdit = z.infer<typeof editSchema>;
