import { z } from 'zod';

/**
 * Pictures on demand: `POST {encoder}/images` with `Authorization: Bearer {TASK_TOKEN_SECRET}`, the {@link ImageTask} as
 * JSON in `x-image-task`, and as body the init segment and the consecutive segments of one encoded rendition that hold the
 * frames. It answers 200 with the image, 422 when the frames cannot be decoded, 503 when too many others wait.
 * Closing the request ends the work.
 */
export const IMAGE_TASK_HEADER = 'x-image-task';
export const IMAGE_DEADLINE_MS = 8000;
export const MAX_IMAGE_INPUT_BYTES = 32 * 1024 * 1024;
export const MAX_IMAGE_BYTES = 16 * 1024 * 1024;

export const IMAGE_TYPES = { jpg: 'image/jpeg', gif: 'image/gif' } as const;
export type ImageFormat = keyof typeof IMAGE_TYPES;

export const IMAGE_LIMITS = {
  minSide: 10,
  maxSide: 2000,
  maxGifSide: 640,
  maxGifSeconds: 10,
  maxGifFps: 15,
} as const;

const side = z.int().min(1).max(IMAGE_LIMITS.maxSide);
const picture = {
  /** Counted from the first frame of the segments in the body. */
  firstFrame: z.int().min(0).max(100_000),
  width: side,
  height: side,
  /** How the whole picture is brought to the size: stretched, cut to it, or with black bars. */
  fit: z.enum(['scale', 'crop', 'fill']),
};

export const imageTaskSchema = z.discriminatedUnion('format', [
  z.object({ format: z.literal('jpg'), ...picture }),
  z.object({
    format: z.literal('gif'),
    ...picture,
    frames: z.int().min(1).max(2000),
    fps: z.int().min(1).max(IMAGE_LIMITS.maxGifFps),
  }),
]);
export type ImageTask = z.infer<typeof imageTaskSchema>;

/** An image to be made of stored segments and kept under `key`, which is written once. */
export interface ImageOrder {
  readonly key: string;
  /** Runs of bytes of stored objects: init segment first, then segments. */
  readonly input: readonly {
    readonly key: string;
    readonly offset: number;
    readonly length: number;
  }[];
  readonly task: ImageTask;
}
