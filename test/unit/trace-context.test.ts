import { describe, expect, test } from 'vitest';

import {
  createChild,
  createTrace,
  formatTraceparent,
  parseTraceparent,
} from '../../src/kernel/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('parseTraceparent', () => {
  test('reads ids and the sampling flag', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      sampled: true,
    });
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.sampled).toBe(false);
  });

  test('looks at the sampling bit alone', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-03`)?.sampled).toBe(true);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-02`)?.sampled).toBe(false);
  });

  test('reads a later version by the fields that it knows', () => {
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-the-future-holds`)?.traceId).toBe(TRACE);
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01`)?.traceId).toBe(TRACE);
  });

  test.each([
    ['nothing', ''],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['a span id of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capital letters', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a short trace id', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['letters that are no hex digits', `00-${TRACE.slice(1)}x-${SPAN}-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
    ['more than version 00 has', `00-${TRACE}-${SPAN}-01-more`],
    ['more after a later version without a dash', `cc-${TRACE}-${SPAN}-01more`],
    ['a line break', `00-${TRACE}-${SPAN}-01\n`],
    ['two headers joined', `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`],
    ['a very long value', `cc-${TRACE}-${SPAN}-01-${'a'.repeat(300)}`],
  ])('refuses %s', (_, value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });
});

test('what is formatted is read back', () => {
  const trace = createTrace(true);
  expect(parseTraceparent(formatTraceparent(trace))).toEqual(trace);
  const silent = createTrace(false);
  expect(parseTraceparent(formatTraceparent(silent))).toEqual(silent);
});

test('a child stays in its trace, under the same flag, with an id of its own', () => {
  const parent = createTrace(false);
  const child = createChild(parent);
  expect(child).toMatchObject({ traceId: parent.traceId, sampled: false });
  expect(child.spanId).not.toBe(parent.spanId);
});
