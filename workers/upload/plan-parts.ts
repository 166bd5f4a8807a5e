const MIB = 1024 * 1024;
const DEFAULT_PART_BYTES = 8 * MIB;
/** Below R2's 10,000, so that rounding never reaches it. */
const PART_COUNT_GOAL = 9500;
const PART_COUNT_LIMIT = 10_000;

/** What a client may ask for: R2's smallest part, and the largest body that every zone plan lets through. */
export const PART_BYTES_RANGE = { min: 5 * MIB, max: 100 * MIB, step: MIB } as const;

/** A form's part is held in memory until R2 has it, so it is as small as R2 allows. */
export const FORM_PART_BYTES = PART_BYTES_RANGE.min;

/** How a file is cut: all parts but the last are equal, as R2 demands. */
export interface PartPlan {
  readonly partSizeBytes: number;
  readonly partCount: number;
}

/** Fixes the parts of a file. Undefined when the wanted size would make more parts than R2 takes. */
export function planParts(sizeBytes: number, wantedBytes?: number): PartPlan | undefined {
  const smallest = Math.ceil(sizeBytes / PART_COUNT_GOAL / MIB) * MIB;
  const partSizeBytes = wantedBytes ?? Math.max(DEFAULT_PART_BYTES, smallest);
  const partCount = Math.ceil(sizeBytes / partSizeBytes);
  return partCount > PART_COUNT_LIMIT ? undefined : { partSizeBytes, partCount };
}

/** Exact length of a part; undefined for a number that the file does not have. */
export function partLength(
  plan: PartPlan & { readonly sizeBytes: number },
  partNumber: number,
): number | undefined {
  if (partNumber < 1 || partNumber > plan.partCount) return undefined;
  if (partNumber < plan.partCount) return plan.partSizeBytes;
  return plan.sizeBytes - plan.partSizeBytes * (plan.partCount - 1);
}
