import type { Rational } from '../contracts/media.ts';

const RATES: readonly Rational[] = [
  { numerator: 5, denominator: 1 },
  { numerator: 10, denominator: 1 },
  { numerator: 12, denominator: 1 },
  { numerator: 15, denominator: 1 },
  { numerator: 20, denominator: 1 },
  { numerator: 24000, denominator: 1001 },
  { numerator: 24, denominator: 1 },
  { numerator: 25, denominator: 1 },
  { numerator: 30000, denominator: 1001 },
  { numerator: 30, denominator: 1 },
  { numerator: 48, denominator: 1 },
  { numerator: 50, denominator: 1 },
  { numerator: 60000, denominator: 1001 },
  { numerator: 60, denominator: 1 },
];
const FASTEST: Rational = { numerator: 60, denominator: 1 };
const NEAR = 0.02;
/** Sound that may be cut off at the start to bring the first picture onto the grid; encoders put as much silence there. */
const MAX_SKIP_SECONDS = 0.05;
/** Times of containers that count in milliseconds are off by this much. */
const ROUNDING_SECONDS = 0.001;
/** A median this much faster than the average means a variable rate with held pictures. */
const VARIABLE = 1.05;

/**
 * The output frame rate for a source with this average (frames a second) and median distance (seconds).
 * A variable rate follows its median, so that motion keeps its pictures; anything odd takes the next faster rate.
 */
export function snapFrameRate(average: number, medianStep: number): Rational {
  const usual = medianStep > 0 ? 1 / medianStep : average;
  return snap(usual > average * VARIABLE ? usual : average);
}

/**
 * How far second 0 has to move so that the first picture, `offset` seconds after the file's first packet, is shown on
 * the frame grid: otherwise pictures halfway between two of its frames would be doubled or lost.
 */
export function gridSkip(offset: number, { numerator, denominator }: Rational): number {
  const step = denominator / numerator;
  const rest = offset % step;
  const isCut = rest <= MAX_SKIP_SECONDS && step - rest > ROUNDING_SECONDS;
  return isCut ? rest : rest - step;
}

function snap(rate: number): Rational {
  const nearest = RATES.toSorted((a, b) => distance(a, rate) - distance(b, rate))[0] ?? FASTEST;
  if (distance(nearest, rate) <= NEAR) return nearest;
  return RATES.find((each) => each.numerator / each.denominator >= rate) ?? FASTEST;
}

function distance(rate: Rational, wanted: number): number {
  return Math.abs(rate.numerator / rate.denominator - wanted) / wanted;
}
