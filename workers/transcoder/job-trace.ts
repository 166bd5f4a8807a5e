import type { EncoderSpan } from '../../src/contracts/task-protocol.ts';
import { formatTraceparent, parseTraceparent } from '../../src/kernel/trace-context.ts';
import type { SpanRecord } from '../../src/kernel/trace-scope.ts';
import type { Place } from '../../src/kernel/tracer.ts';
import type { JobState, NewJob } from './job-state.ts';

/** Where the job stands in its trace, as it is kept with the job. */
export function toJobTrace({ context, parentSpanId }: Place): NonNullable<NewJob['trace']> {
  return {
    traceparent: formatTraceparent(context),
    ...(parentSpanId !== undefined && { parentSpanId }),
  };
}

/** The span of a job that is over: from its event to its end, above those of its tasks. */
export function jobSpan(state: JobState): SpanRecord[] {
  const context = parseTraceparent(state.trace?.traceparent);
  if (context === undefined) return [];
  return [
    {
      name: 'transcode job',
      kind: 'internal',
      context,
      parentSpanId: state.trace?.parentSpanId,
      startMs: state.createdAt,
      endMs: state.endedAt ?? state.createdAt,
      attributes: { 'job.id': state.id, 'video.uid': state.uid, 'job.phase': state.phase },
      error: state.failure?.code,
    },
  ];
}

/** What the encoder measured of a task. Its spans get the task's own trace: it has no say in that. */
export function toSpanRecords(
  spans: readonly EncoderSpan[],
  traceparent: string | undefined,
): SpanRecord[] {
  const task = parseTraceparent(traceparent);
  if (task === undefined) return [];
  return spans.map(({ spanId, ...span }) => ({ ...span, context: { ...task, spanId } }));
}
