/** What a `Range` header asks of a representation of known size. */
export type RangeDecision =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly offset: number; readonly length: number }
  | { readonly kind: 'unsatisfiable' };

const WHOLE = { kind: 'whole' } as const;
const UNSATISFIABLE = { kind: 'unsatisfiable' } as const;

/**
 * Decides a `Range` header: what is not one well-formed byte range is ignored (RFC 9110 §14.2 allows that),
 * what begins behind the end is refused, and an end behind the end is cut.
 */
export function decideRange(header: string | undefined, sizeBytes: number): RangeDecision {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return WHOLE;
  if (first === '') return suffix(Number(last), sizeBytes);
  return span(Number(first), last === '' ? Infinity : Number(last), sizeBytes);
}

/** `Content-Range` of a part. */
export function formatContentRange(offset: number, length: number, sizeBytes: number): string {
  return `bytes ${offset}-${offset + length - 1}/${sizeBytes}`;
}

/** `Content-Range` of a 416. */
export function formatUnsatisfiedRange(sizeBytes: number): string {
  return `bytes */${sizeBytes}`;
}

function suffix(wanted: number, sizeBytes: number): RangeDecision {
  const length = Math.min(wanted, sizeBytes);
  return length === 0 ? UNSATISFIABLE : { kind: 'part', offset: sizeBytes - length, length };
}

function span(first: number, last: number, sizeBytes: number): RangeDecision {
  // RFC 9110 §14.1.1: a range whose end lies before its start is invalid, hence ignored like bad syntax.
  if (last < first) return WHOLE;
  if (first >= sizeBytes) return UNSATISFIABLE;
  return { kind: 'part', offset: first, length: Math.min(last, sizeBytes - 1) - first + 1 };
}
