import { z } from 'zod';

const MAX_ORIGINS = 100;
const LONGEST_SECONDS = 36_000;
const MAX_PORT = 65_535;
/** A host, or `*.` and a host; either with a port. */
const ORIGIN =
  /^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[1-9][0-9]{0,4})?$/i;

const origin = z
  .string()
  .regex(ORIGIN, 'must be host names such as "example.com", "*.example.com" or "localhost:8080"')
  .refine((text) => portOf(text) <= MAX_PORT, `has a port above ${MAX_PORT}`);

/** Pages that may play a video; empty means every page. */
export const allowedOriginsSchema = z.array(origin).max(MAX_ORIGINS);

export const creatorSchema = z.string().max(64);

export const maxDurationSecondsSchema = z.int().min(1).max(LONGEST_SECONDS);

function portOf(text: string): number {
  return Number(text.split(':')[1] ?? 0);
}
