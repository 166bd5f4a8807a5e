/** Place in a trace: W3C Trace Context, level 1. */
export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits: the span that what follows is a child of. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** Far more than any version will need. */
const MAX_LENGTH = 256;
const SAMPLED = 0x01;

/** Reads a `traceparent` header or attribute. Undefined for everything that the standard does not allow. */
export function parseTraceparent(value: string | undefined): TraceContext | undefined {
  if (value === undefined || value.length > MAX_LENGTH) return undefined;
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(value) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // Only versions after 00 may have more fields.
  if (version === '00' && rest !== undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

/** The value of a `traceparent` or `traceresponse` header. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** A new trace. */
export function createTrace(sampled: boolean): TraceContext {
  const digits = randomHex(24);
  return { traceId: digits.slice(0, 32), spanId: digits.slice(32), sampled };
}

/** A new span of the same trace. */
export function createChild({ traceId, sampled }: TraceContext): TraceContext {
  return { traceId, spanId: randomHex(8), sampled };
}

/** 2⁻⁶⁴ is the chance that an id is all zeros, which the standard forbids: nobody will see it. */
function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
