import { receiveCall, runInCall } from './call-context.ts';
import type { SentCallContext } from './call-context.ts';
import type { Tracer } from './tracer.ts';

/** Runs what another Worker asked for: within its deadline, in its trace, and with its request id in every log line. */
export async function runReceived<T>(
  tracer: Tracer,
  name: string,
  sent: SentCallContext,
  work: () => Promise<T>,
): Promise<T> {
  const { requestId, traceparent } = sent;
  const fields = { ...(requestId !== undefined && { requestId }) };
  const unit = { name, kind: 'server', parent: traceparent, fields } as const;
  return tracer.unit(unit, () => runInCall(receiveCall(sent, Date.now()), work));
}
