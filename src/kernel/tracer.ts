import type { LogFields } from './logger.ts';
import type { ResourceSpans } from './otlp-traces.ts';
import { createChild, createTrace, parseTraceparent } from './trace-context.ts';
import type { TraceContext } from './trace-context.ts';
import { runInScope } from './trace-scope.ts';
import type { Span, SpanAttributes, SpanRecord, SpanStart } from './trace-scope.ts';

export interface TracerParts {
  /** Takes what has ended; absent when nothing is to be recorded. */
  readonly exporter?: { send(batches: readonly ResourceSpans[]): Promise<void> };
  /** Describes this Worker: `service.name` and more. */
  readonly resource: SpanAttributes;
  /** Share of new traces that is recorded, 0 to 1. A caller's own decision is kept. */
  readonly sampleRatio: number;
  /** Lets the platform wait for work that nobody else waits for. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export interface UnitStart extends SpanStart {
  /** The `traceparent` that came along; one that is missing or not valid begins a new trace. */
  readonly parent?: string | undefined;
  /** For every log line of the work. */
  readonly fields?: LogFields;
}

/** Where a span stands. */
export interface Place {
  readonly context: TraceContext;
  readonly parentSpanId: string | undefined;
}

/** Gives work its place in a trace, and sends the spans of a unit together when it has ended. */
export class Tracer {
  private readonly parts: TracerParts;

  constructor(parts: TracerParts) {
    this.parts = parts;
  }

  /** True where spans go somewhere. */
  get isExporting(): boolean {
    return this.parts.exporter !== undefined;
  }

  /** Runs work that came from outside: a request, a message, an alarm, a call of a Durable Object. */
  async unit<T>(start: UnitStart, work: (span: Span, place: Place) => Promise<T>): Promise<T> {
    const place = this.placeBelow(start.parent);
    const ended: SpanRecord[] | undefined =
      this.isExporting && place.context.sampled ? [] : undefined;
    try {
      const scope = { ...place, fields: start.fields ?? {}, ended };
      return await runInScope(scope, start, (span) => work(span, place));
    } finally {
      if (ended !== undefined) this.send([{ resource: this.parts.resource, spans: ended }]);
    }
  }

  /** A new span's place below a `traceparent`, or at the beginning of a new trace. */
  placeBelow(parent: string | undefined): Place {
    const known = parseTraceparent(parent);
    if (known !== undefined) return { context: createChild(known), parentSpanId: known.spanId };
    const sampled = this.isExporting && Math.random() < this.parts.sampleRatio;
    return { context: createTrace(sampled), parentSpanId: undefined };
  }

  /** Sends spans that no unit gathered: of work longer than one, or of another process (`service`). */
  record(spans: readonly SpanRecord[], service?: string): void {
    const wanted = spans.filter(({ context }) => context.sampled);
    const resource = {
      ...this.parts.resource,
      ...(service !== undefined && { 'service.name': service }),
    };
    if (wanted.length > 0) this.send([{ resource, spans: wanted }]);
  }

  private send(batches: readonly ResourceSpans[]): void {
    if (this.parts.exporter !== undefined) this.parts.waitUntil(this.parts.exporter.send(batches));
  }
}
