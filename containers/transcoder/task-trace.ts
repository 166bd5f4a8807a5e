import { MAX_ENCODER_SPANS } from '../../src/contracts/task-protocol.ts';
import type { EncoderSpan } from '../../src/contracts/task-protocol.ts';
import type { LogFields } from '../../src/kernel/logger.ts';
import { createChild, createTrace, parseTraceparent } from '../../src/kernel/trace-context.ts';
import { runInScope } from '../../src/kernel/trace-scope.ts';
import type { ScopeStart, SpanRecord } from '../../src/kernel/trace-scope.ts';

/** One task's part of a trace: its steps are measured where the platform wants them, and go back to it with the last line. */
export class TaskTrace {
  /** For every log line of the task. */
  readonly fields: LogFields;
  private readonly place: Pick<ScopeStart, 'context' | 'parentSpanId'>;
  private readonly ended: SpanRecord[] | undefined;

  /** A `traceparent` that is not valid, or was sent twice, counts as none. */
  constructor(traceparents: readonly string[] | undefined, fields: LogFields) {
    const parent = traceparents?.length === 1 ? parseTraceparent(traceparents[0]) : undefined;
    const context = parent === undefined ? createTrace(false) : createChild(parent);
    this.place = { context, parentSpanId: parent?.spanId };
    this.ended = context.sampled ? [] : undefined;
    this.fields = { ...fields, traceId: context.traceId };
  }

  /** Runs the task as a span below the runner's. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const scope = { ...this.place, ended: this.ended, fields: this.fields };
    return runInScope(scope, { name: 'encode task', kind: 'server' }, work);
  }

  /** What to send back; undefined when nobody wants it. */
  spans(): EncoderSpan[] | undefined {
    // The last to end is the span above all others.
    return this.ended?.slice(-MAX_ENCODER_SPANS).map(toEncoderSpan);
  }
}

function toEncoderSpan(span: SpanRecord): EncoderSpan {
  const { name, kind, context, parentSpanId, startMs, endMs, attributes, error } = span;
  return {
    name,
    kind: kind === 'server' || kind === 'client' ? kind : 'internal',
    spanId: context.spanId,
    parentSpanId: parentSpanId ?? context.spanId,
    startMs,
    endMs,
    attributes,
    ...(error !== undefined && { error: error.slice(0, 100) }),
  };
}
