import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from 'vitest';

import { createLogger } from '../../src/kernel/logger.ts';
import { OtlpExporter } from '../../src/kernel/otlp-exporter.ts';
import { parseHeaders } from '../../src/kernel/otlp-headers.ts';
import { toOtlpTraces } from '../../src/kernel/otlp-traces.ts';
import type { ResourceSpans } from '../../src/kernel/otlp-traces.ts';
import { afterFailure, afterSuccess, isResting, WELL } from '../../src/kernel/receiver-rest.ts';
import { parseTraceparent } from '../../src/kernel/trace-context.ts';
import { currentTraceparent, traceFields, traceStep } from '../../src/kernel/trace-scope.ts';
import { Tracer } from '../../src/kernel/tracer.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const SAMPLED = `00-${TRACE}-${SPAN}-01`;
const NOT_SAMPLED = `00-${TRACE}-${SPAN}-00`;
const UNIT = { name: 'unit', kind: 'server' } as const;

/** A tracer whose batches can be looked at. */
function aTracer(sampleRatio = 1): { tracer: Tracer; batches: ResourceSpans[] } {
  const batches: ResourceSpans[] = [];
  const tracer = new Tracer({
    exporter: { send: async (sent) => void batches.push(...sent) },
    resource: { 'service.name': 'test' },
    sampleRatio,
    waitUntil: (work) => void work,
  });
  return { tracer, batches };
}

describe('Tracer', () => {
  test('sends the spans of a unit together, each below the one that it ran in', async () => {
    const { tracer, batches } = aTracer();
    await tracer.unit({ ...UNIT, parent: SAMPLED }, async () => {
      await traceStep({ name: 'outer' }, () => traceStep({ name: 'inner' }, async () => undefined));
      await traceStep({ name: 'second' }, async () => undefined);
    });
    expect(batches).toHaveLength(1);
    const spans = new Map(batches[0]?.spans.map((span) => [span.name, span]));
    expect([...spans.keys()].toSorted()).toEqual(['inner', 'outer', 'second', 'unit']);
    expect(spans.get('unit')?.parentSpanId).toBe(SPAN);
    expect(spans.get('outer')?.parentSpanId).toBe(spans.get('unit')?.context.spanId);
    expect(spans.get('second')?.parentSpanId).toBe(spans.get('unit')?.context.spanId);
    expect(spans.get('inner')?.parentSpanId).toBe(spans.get('outer')?.context.spanId);
    expect(new Set([...spans.values()].map(({ context }) => context.traceId))).toEqual(
      new Set([TRACE]),
    );
  });

  test.each([undefined, '', 'nonsense', `00-${'0'.repeat(32)}-${SPAN}-01`, `00-${TRACE}-${SPAN}`])(
    'begins a trace of its own for %j',
    async (parent) => {
      const { tracer, batches } = aTracer();
      await tracer.unit({ ...UNIT, parent }, async () => undefined);
      const [span] = batches[0]?.spans ?? [];
      expect(span?.parentSpanId).toBeUndefined();
      expect(span?.context.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(span?.context.traceId).not.toBe(TRACE);
    },
  );

  test('keeps to a caller that does not sample, and passes its decision on', async () => {
    const { tracer, batches } = aTracer();
    const sent = await tracer.unit({ ...UNIT, parent: NOT_SAMPLED }, async () =>
      traceStep({ name: 'step' }, async () => currentTraceparent()),
    );
    expect(batches).toEqual([]);
    expect(parseTraceparent(sent)).toMatchObject({ traceId: TRACE, sampled: false });
  });

  test('samples no new trace at the ratio 0, but what a caller samples', async () => {
    const { tracer, batches } = aTracer(0);
    await tracer.unit(UNIT, async () => undefined);
    expect(batches).toEqual([]);
    await tracer.unit({ ...UNIT, parent: SAMPLED }, async () => undefined);
    expect(batches).toHaveLength(1);
  });

  test('without a receiver nothing is recorded; a place in a trace there is all the same', async () => {
    const tracer = new Tracer({
      resource: {},
      sampleRatio: 1,
      waitUntil: () => {
        throw new Error('nothing to wait for');
      },
    });
    const seen = await tracer.unit({ ...UNIT, parent: SAMPLED }, async () => currentTraceparent());
    expect(parseTraceparent(seen)?.traceId).toBe(TRACE);
    tracer.record([]);
  });

  test('a failure is thrown on and stands in its span', async () => {
    const { tracer, batches } = aTracer();
    const work = tracer.unit(UNIT, () =>
      traceStep({ name: 'step' }, () =>
        Promise.reject(Object.assign(new Error('no'), { code: 'storage.unavailable' })),
      ),
    );
    await expect(work).rejects.toThrow('no');
    expect(batches[0]?.spans.map(({ name, error }) => [name, error])).toEqual([
      ['step', 'storage.unavailable'],
      ['unit', 'storage.unavailable'],
    ]);
  });

  test('units at the same time do not see each other', async () => {
    const { tracer } = aTracer();
    const ids = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        tracer.unit({ name, kind: 'server', fields: { name } }, async () => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          return traceFields();
        }),
      ),
    );
    expect(ids.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(new Set(ids.map(({ traceId }) => traceId)).size).toBe(3);
    expect(traceFields()).toEqual({});
  });
});

test('toOtlpTraces writes the JSON form of OTLP', () => {
  const context = { traceId: TRACE, spanId: SPAN, sampled: true };
  const span = {
    name: 'GET /health',
    kind: 'server',
    context,
    parentSpanId: undefined,
    startMs: 1_800_000_000_123,
    endMs: 1_800_000_000_100,
    attributes: { 'http.response.status_code': 503, ratio: 0.5, 'is.true': true, text: 'x' },
    error: '503',
  } as const;
  expect(toOtlpTraces([{ resource: { 'service.name': 'test' }, spans: [span] }])).toEqual({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'test' } }] },
        scopeSpans: [
          {
            scope: { name: 'streamgate' },
            spans: [
              {
                traceId: TRACE,
                spanId: SPAN,
                name: 'GET /health',
                kind: 2,
                flags: 1,
                startTimeUnixNano: '1800000000123000000',
                // A clock that was set back makes no span that ends before it began.
                endTimeUnixNano: '1800000000123000000',
                attributes: [
                  { key: 'http.response.status_code', value: { intValue: '503' } },
                  { key: 'ratio', value: { doubleValue: 0.5 } },
                  { key: 'is.true', value: { boolValue: true } },
                  { key: 'text', value: { stringValue: 'x' } },
                  { key: 'error.type', value: { stringValue: '503' } },
                ],
                status: { code: 2 },
              },
            ],
          },
        ],
      },
    ],
  });
});

describe('a receiver that fails', () => {
  test('rests twice as long each time, five minutes at most, and is well after a success', () => {
    let state = WELL;
    const rests: number[] = [];
    for (let now = 0, i = 0; i < 9; i += 1) {
      state = afterFailure(state, now);
      rests.push(state.restsUntil - now);
      expect(isResting(state, state.restsUntil - 1)).toBe(true);
      expect(isResting(state, state.restsUntil)).toBe(false);
      now = state.restsUntil;
    }
    expect(rests).toEqual([
      5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000,
    ]);
    expect(isResting(afterSuccess(), 0)).toBe(false);
  });

  test('counts calls that failed together once', () => {
    const once = afterFailure(WELL, 0);
    expect(afterFailure(once, 1)).toEqual(once);
  });
});

describe('parseHeaders', () => {
  test('reads several, percent-encoded values and an equals sign within', () => {
    expect(parseHeaders('Authorization=Bearer%20a=b, x-team = video,')).toEqual({
      authorization: 'Bearer a=b',
      'x-team': 'video',
    });
    expect(parseHeaders('')).toEqual({});
  });

  test.each(['authorization', '=value', 'a b=c', 'x=%zz'])('refuses %j', (text) => {
    expect(() => parseHeaders(text)).toThrow();
  });
});

describe('OtlpExporter', () => {
  let end: (() => void) | undefined;

  afterEach(() => end?.());

  async function receiver(status: number): Promise<{
    url: string;
    got: { url: string | undefined; headers: IncomingHttpHeaders; body: unknown }[];
  }> {
    const got: { url: string | undefined; headers: IncomingHttpHeaders; body: unknown }[] = [];
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        got.push({ url: request.url, headers: request.headers, body: JSON.parse(text) });
        response.writeHead(status).end('{}');
      });
    });
    end = () => server.close();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, got };
  }

  const logger = createLogger('error');

  test('posts JSON to /v1/traces with the headers given', async () => {
    const { url, got } = await receiver(200);
    const exporter = new OtlpExporter({ endpoint: `${url}/`, headers: { 'x-key': 'k' }, logger });
    await exporter.send([{ resource: {}, spans: [] }]);
    expect(got).toMatchObject([
      { url: '/v1/traces', headers: { 'x-key': 'k', 'content-type': 'application/json' } },
    ]);
    expect(got[0]?.body).toHaveProperty('resourceSpans');
  });

  test('leaves a receiver alone that has failed, and never throws', async () => {
    const { url, got } = await receiver(503);
    const exporter = new OtlpExporter({ endpoint: url, headers: {}, logger });
    await exporter.send([]);
    await exporter.send([]);
    await exporter.send([]);
    expect(got).toHaveLength(1);
  });
});
