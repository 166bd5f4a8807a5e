import { AsyncLocalStorage } from 'node:async_hooks';

import { createChild, formatTraceparent } from './trace-context.ts';
import type { TraceContext } from './trace-context.ts';

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A span that has ended. Times in ms since the epoch; names after OpenTelemetry's semantic conventions where they have one. */
export interface SpanRecord {
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: TraceContext;
  readonly parentSpanId?: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  /** `error.type`, where the span failed. */
  readonly error?: string | undefined;
}

/** What work may still say of the span it runs in. */
export interface Span {
  set(more: { readonly name?: string; readonly attributes?: SpanAttributes }): void;
  fail(errorType: string): void;
}

export interface SpanStart {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes?: SpanAttributes;
}

interface Scope {
  readonly context: TraceContext;
  /** For every log line. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Where ended spans are gathered; undefined when nobody wants them. */
  readonly ended: SpanRecord[] | undefined;
}

/** A piece of work with a place in a trace of its own. */
export interface ScopeStart extends Scope {
  readonly parentSpanId: string | undefined;
}

const storage = new AsyncLocalStorage<Scope>();
const SILENT: Span = { set: () => undefined, fail: () => undefined };

/** The `traceparent` for whatever the current work calls or sends. */
export function currentTraceparent(): string | undefined {
  const scope = storage.getStore();
  return scope && formatTraceparent(scope.context);
}

/** The header that makes the request of the current work part of its trace. */
export function traceHeaders(): { traceparent?: string } {
  const traceparent = currentTraceparent();
  return traceparent === undefined ? {} : { traceparent };
}

/** What every log line of the current work says of its place. */
export function traceFields(): Readonly<Record<string, unknown>> {
  const scope = storage.getStore();
  return scope === undefined
    ? {}
    : { traceId: scope.context.traceId, spanId: scope.context.spanId, ...scope.fields };
}

/** Runs work at its place in a trace, as one span. */
export async function runInScope<T>(
  scope: ScopeStart,
  start: SpanStart,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const { parentSpanId, ...inner } = scope;
  if (scope.ended === undefined) return storage.run(inner, () => work(SILENT));
  return storage.run(inner, () => record(inner, parentSpanId, start, work));
}

/** Runs a step of the current work as a span below it; just runs it where nothing is recorded. */
export async function traceStep<T>(
  start: Omit<SpanStart, 'kind'> & Partial<SpanStart>,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const scope = storage.getStore();
  if (scope?.ended === undefined) return work(SILENT);
  const inner = { ...scope, context: createChild(scope.context) };
  return storage.run(inner, () =>
    record(inner, scope.context.spanId, { kind: 'internal', ...start }, work),
  );
}

async function record<T>(
  { context, ended }: Scope,
  parentSpanId: string | undefined,
  start: SpanStart,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  let { name, attributes = {} } = start;
  let error: string | undefined;
  const startMs = Date.now();
  const span: Span = {
    set: (more) => {
      name = more.name ?? name;
      attributes = { ...attributes, ...more.attributes };
    },
    fail: (errorType) => (error = errorType),
  };
  try {
    return await work(span);
  } catch (thrown) {
    error = errorTypeOf(thrown);
    throw thrown;
  } finally {
    const { kind } = start;
    ended?.push({
      ...{ name, kind, context, parentSpanId, startMs, endMs: Date.now(), attributes, error },
    });
  }
}

/** Low in cardinality, as the conventions ask: the code of an error of ours, otherwise its class. */
function errorTypeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : '_OTHER';
}
