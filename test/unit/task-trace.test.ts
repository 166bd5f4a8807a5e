import { expect, test } from 'vitest';

import { TaskTrace } from '../../containers/transcoder/task-trace.ts';
import { MAX_ENCODER_SPANS, taskLineSchema } from '../../src/contracts/task-protocol.ts';
import { traceHeaders, traceStep } from '../../src/kernel/trace-scope.ts';
import { toSpanRecords } from '../../workers/transcoder/job-trace.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const SAMPLED = `00-${TRACE}-${SPAN}-01`;
const FIELDS = { taskId: 'probe' };

test("a sampled task sends its steps back, and they come to the platform in the task's trace", async () => {
  const trace = new TaskTrace([SAMPLED], FIELDS);
  const headers = await trace.run(() => traceStep({ name: 'fetch' }, async () => traceHeaders()));
  const failure = { code: 'ERR_UNKNOWN', message: '', detail: '', retryable: true } as const;
  const line = taskLineSchema.parse({ type: 'failure', ...failure, spans: trace.spans() });
  const records = toSpanRecords(line.type === 'failure' ? (line.spans ?? []) : [], SAMPLED);
  const [fetched, whole] = records;
  expect(records).toHaveLength(2);
  expect(whole).toMatchObject({ name: 'encode task', parentSpanId: SPAN });
  expect(fetched).toMatchObject({ name: 'fetch', parentSpanId: whole?.context.spanId });
  expect(fetched?.context.traceId).toBe(TRACE);
  expect(headers).toEqual({ traceparent: `00-${TRACE}-${fetched?.context.spanId}-01` });
});

test('with too many steps the span above them stays', async () => {
  const trace = new TaskTrace([SAMPLED], FIELDS);
  await trace.run(async () => {
    for (let i = 0; i < 100; i += 1) await traceStep({ name: 'step' }, async () => undefined);
  });
  expect(trace.spans()).toHaveLength(MAX_ENCODER_SPANS);
  expect(trace.spans()?.at(-1)?.name).toBe('encode task');
});

test.each([
  ['not sampled', [`00-${TRACE}-${SPAN}-00`]],
  ['not valid', ['nonsense']],
  ['sent twice', [SAMPLED, SAMPLED]],
  ['absent', undefined],
])('a trace that is %s costs no spans', async (_, headers) => {
  const trace = new TaskTrace(headers, FIELDS);
  await trace.run(() => traceStep({ name: 'fetch' }, async () => undefined));
  expect(trace.spans()).toBeUndefined();
  expect(trace.fields).toMatchObject(FIELDS);
});

test('a trace that is not valid is not in the logs either', () => {
  expect(new TaskTrace([`00-${'0'.repeat(32)}-${SPAN}-01`], FIELDS).fields['traceId']).toMatch(
    /^(?!0{32})[0-9a-f]{32}$/,
  );
});
