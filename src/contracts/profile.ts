import { z } from 'zod';

/** Codecs that renditions may have. H.264 is always there; the others are further choices where the encoder has them. */
export const VIDEO_CODECS = ['h264', 'hevc', 'av1'] as const;
export type VideoCodec = (typeof VIDEO_CODECS)[number];

/** Rungs of the ladder by their names, largest first. */
export const RUNG_NAMES = ['2160p', '1440p', '1080p', '720p', '480p', '360p', '240p'] as const;

const PRESETS = ['superfast', 'veryfast', 'faster', 'fast', 'medium', 'slow'] as const;

const isUnique = (list: readonly string[]): boolean => new Set(list).size === list.length;

/** How a video is encoded. */
export const encodeSettingsSchema = z.strictObject({
  /** A video gets those that it fills, never above its own size; a smaller one gets a single rendition of its own size. */
  renditions: z
    .array(z.enum(RUNG_NAMES))
    .min(1, 'must name at least one rendition')
    .refine(isUnique, 'must not name a rendition twice'),
  codecs: z
    .array(z.enum(VIDEO_CODECS))
    .refine((codecs) => codecs.includes('h264'), 'must include "h264", which every player decodes')
    .refine(isUnique, 'must not name a codec twice'),
  /** x264's constant rate factor: lower is better and larger; the ladder's bit rates stay the limit. */
  quality: z.int().min(16).max(35),
  /** x264's preset: slower ones need more time for the same picture in fewer bytes. */
  preset: z.enum(PRESETS),
  /** Length of a segment once playback has started; even, since key frames are 2 s apart. */
  segmentSeconds: z.int().min(2).max(10).multipleOf(2, 'must be even'),
});
export type EncodeSettings = z.infer<typeof encodeSettingsSchema>;

const STANDARD: EncodeSettings = {
  renditions: [...RUNG_NAMES],
  codecs: ['h264'],
  quality: 23,
  preset: 'veryfast',
  segmentSeconds: 6,
};

/** The profile of whoever chooses none. */
export const DEFAULT_PROFILE = 'standard';

/** Profiles that every account has. */
export const BUILT_IN_PROFILES: Readonly<Record<string, EncodeSettings>> = {
  [DEFAULT_PROFILE]: STANDARD,
  fast: { ...STANDARD, renditions: ['720p', '360p'], quality: 25, preset: 'superfast' },
  high: { ...STANDARD, quality: 20, preset: 'medium' },
  efficient: { ...STANDARD, codecs: ['h264', 'av1'] },
};

export const profileNameSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,39}$/,
    'must be 1 to 40 lower-case letters, digits and hyphens, not beginning with a hyphen',
  );

/** A profile by its name, fixed when a run begins: later changes of it do not touch the run. */
export interface Profile {
  readonly name: string;
  readonly settings: EncodeSettings;
}

export const STANDARD_PROFILE: Profile = { name: DEFAULT_PROFILE, settings: STANDARD };
