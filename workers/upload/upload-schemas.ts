import { z } from '@hono/zod-openapi';

import {
  allowedOriginsSchema,
  creatorSchema,
  maxDurationSecondsSchema,
} from '../../src/contracts/video-settings.ts';
import { profileNameSchema } from '../../src/contracts/profile.ts';
import { PART_BYTES_RANGE } from './plan-parts.ts';

const NAME_LENGTH = 512;
const { min, max, step } = PART_BYTES_RANGE;

/** A name is only shown; what a file is, its bytes say. */
const nameSchema = z
  .string()
  .trim()
  .max(NAME_LENGTH)
  .regex(/^\P{Cc}*$/u, 'must hold no control characters');

export const createUploadSchema = z
  .strictObject({
    name: nameSchema,
    sizeBytes: z
      .int()
      .min(0)
      .refine((bytes) => bytes !== 0, 'an empty file cannot be a video'),
    contentType: z.string().max(255).optional(),
    partSizeBytes: z
      .int()
      .min(min)
      .max(max)
      .multipleOf(step, 'must be a multiple of 1 MiB')
      .optional()
      .openapi({ description: 'Chosen for you when left out. Every part but the last has it.' }),
    meta: z.record(z.string(), z.unknown()).optional(),
    requireSignedURLs: z.boolean().optional(),
    allowedOrigins: allowedOriginsSchema.optional(),
    creator: creatorSchema.optional(),
    maxDurationSeconds: maxDurationSecondsSchema.optional(),
    profile: profileNameSchema
      .optional()
      .openapi({ description: 'Encoding profile; without it the default of the account' }),
  })
  .openapi('CreateUpload');

export type CreateUpload = z.infer<typeof createUploadSchema>;

export const partSchema = z
  .object({ partNumber: z.int(), sizeBytes: z.int(), etag: z.string() })
  .openapi('UploadPart');

const uploadStateSchema = z.enum(['open', 'completing', 'completed', 'aborted', 'expired']);

export const uploadSchema = z
  .object({
    id: z.string().openapi({ example: 'upl_01hzz0000000000000000000xy' }),
    uid: z.string().openapi({ description: 'The video that comes of it' }),
    state: uploadStateSchema,
    name: z.string(),
    sizeBytes: z.int().optional(),
    partSizeBytes: z.int().optional(),
    partCount: z.int().optional(),
    receivedParts: z.array(z.object({ partNumber: z.int(), sizeBytes: z.int() })),
    receivedBytes: z.int(),
    expiresAt: z.iso.datetime(),
    links: z.object({ self: z.string(), parts: z.string(), complete: z.string() }),
  })
  .openapi('Upload');

export type UploadDescription = z.infer<typeof uploadSchema>;

export const uploadSummarySchema = z
  .object({
    id: z.string(),
    uid: z.string(),
    state: uploadStateSchema,
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime(),
  })
  .openapi('UploadSummary');

export type UploadSummary = z.infer<typeof uploadSummarySchema>;

/** What a form may say beside its file; other fields are left unread, as Stream does. */
export const formFieldsSchema = z.object({
  name: nameSchema.optional(),
  creator: creatorSchema.optional(),
  profile: profileNameSchema.optional(),
  requireSignedURLs: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
});
