import { formatBytes } from './format.ts';

/** `0`, `0.25`, `3.4`, `1,240`: three digits that count. */
export function formatRate(value: number): string {
  return value.toLocaleString(undefined, { maximumSignificantDigits: 3 });
}

/** A share as `0.4 %`. */
export function formatPct(share: number): string {
  return `${formatRate(share * 100)} %`;
}

/** `120 ms`, `4.2 s`, `12 min`, `3.5 h`. */
export function formatSpan(seconds: number): string {
  if (seconds === 0) return '0 s';
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${formatRate(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${formatRate(seconds / 3600)} h`;
}

/** `1.4 MB/s`. */
export function formatSpeed(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** The newest value that is known. */
export function lastOf(values: readonly (number | null)[]): number | undefined {
  return values.findLast((value) => value !== null) ?? undefined;
}
