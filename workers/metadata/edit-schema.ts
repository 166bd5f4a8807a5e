import { z } from '@hono/zod-openapi';

import {
  allowedOriginsSchema,
  creatorSchema,
  maxDurationSecondsSchema,
} from '../../src/contracts/video-settings.ts';

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
  allowedOrigins: allowedOriginsSchema.optional(),
  creator: creatorSchema.nullable().optional(),
  maxDurationSeconds: maxDurationSecondsSchema.nullable().optional(),
  meta: z.looseObject({ name: z.string().max(512).optional() }).optional(),
  publicDetails: z
    .strictObject({ title: text, share_link: link, channel_link: link, logo: link })
    .nullable()
    .optional(),
  requireSignedURLs: z.boolean().optional(),
  scheduledDeletion: futureTime.nullable().optional(),
  thumbnailTimestampPct: z.number().min(0).max(1).optional(),
  uid: z.string().optional(),
  /** How far it may be moved depends on the video: `move-upload-expiry.ts`. */
  uploadExpiry: futureTime.optional(),
});

export type VideoEdit = z.infer<typeof editSchema>;
