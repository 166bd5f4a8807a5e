import type { SpanAttributes, SpanKind, SpanRecord } from './trace-scope.ts';

/** OTLP's numbers. */
const KINDS: Readonly<Record<SpanKind, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};
const STATUS_ERROR = 2;
/** W3C: the flags of the context, here only "sampled". */
const FLAG_SAMPLED = 1;

/** Spans of one process, under the attributes that describe it (`service.name` and more). */
export interface ResourceSpans {
  readonly resource: SpanAttributes;
  readonly spans: readonly SpanRecord[];
}

/** The body of OTLP/HTTP's `ExportTraceServiceRequest` in JSON: ids in hex, times in ns as strings. */
export function toOtlpTraces(batches: readonly ResourceSpans[]): object {
  return {
    resourceSpans: batches.map(({ resource, spans }) => ({
      resource: { attributes: toAttributes(resource) },
      scopeSpans: [{ scope: { name: 'streamgate' }, spans: spans.map(toSpan) }],
    })),
  };
}

function toSpan(span: SpanRecord): object {
  const { name, kind, context, parentSpanId, startMs, endMs, attributes, error } = span;
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name,
    kind: KINDS[kind],
    flags: FLAG_SAMPLED,
    startTimeUnixNano: toNanoseconds(startMs),
    endTimeUnixNano: toNanoseconds(Math.max(startMs, endMs)),
    attributes: toAttributes({
      ...attributes,
      ...(error !== undefined && { 'error.type': error }),
    }),
    status: error === undefined ? {} : { code: STATUS_ERROR },
  };
}

function toAttributes(attributes: SpanAttributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: toValue(value) }));
}

function toValue(value: string | number | boolean): object {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'string') return { stringValue: value };
  // Protobuf's JSON writes 64-bit integers as strings.
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

function toNanoseconds(ms: number): string {
  return `${Math.round(ms)}000000`;
}
