import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { chooseEngine } from '../../../containers/transcoder/choose-engine.ts';
import { ApiClient } from '../../../scripts/client.ts';
import { startPlatform } from '../../../scripts/platform.ts';
import type { Platform } from '../../../scripts/platform.ts';
import { freePort } from '../../../scripts/ports.ts';
import { clipFile } from '../../fixtures/clips.ts';
import { OtlpReceiver } from './otlp-receiver.ts';
import type { ReceivedSpan } from './otlp-receiver.ts';

const ADMIN_TOKEN = 'operations-admin-token-0123456789abcdef';
const receiver = new OtlpReceiver();
let folder = '';
let platform: Platform | undefined;
let client: ApiClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamgate-trace-'));
  platform = await startPlatform({
    port: await freePort(),
    persistTo: folder,
    adminToken: ADMIN_TOKEN,
    variables: { OTLP_ENDPOINT: await receiver.start() },
  });
  client = new ApiClient(platform.url, ADMIN_TOKEN);
});

afterAll(async () => {
  await platform?.stop();
  receiver.stop();
  await rm(folder, { recursive: true, force: true });
});

function spansOf(traceId: string): ReceivedSpan[] {
  return receiver.spans.filter((span) => span.traceId === traceId);
}

/** Names from the span up to the beginning of its trace. */
function lineage(span: ReceivedSpan): string[] {
  const parent = spansOf(span.traceId).find(({ spanId }) => spanId === span.parentSpanId);
  return [span.name, ...(parent === undefined ? [] : lineage(parent))];
}

test('one trace leads from the upload to the video that is ready, through every part of the platform', async () => {
  const { uid } = await client.upload(await clipFile(await chooseEngine('auto'), 'one-second.mp4'));
  await client.untilSettled(uid, 240_000);
  const isEnd = ({ name, attributes }: ReceivedSpan): boolean =>
    name === 'process video.ready' && attributes.get('cloudevents.event_subject') === uid;
  const isJob = ({ name, attributes }: ReceivedSpan): boolean =>
    name === 'transcode job' && attributes.get('video.uid') === uid;
  await expect
    .poll(() => receiver.spans.some(isEnd) && receiver.spans.some(isJob), { timeout: 60_000 })
    .toBe(true);
  const traceId = receiver.spans.find(isEnd)?.traceId ?? '';
  const spans = spansOf(traceId);
  const gateway = 'POST /api/v1/uploads/:id/complete';
  const event = ['process video.uploaded', 'upload.announce', 'upload.completing', gateway];
  const job = ['transcode job', ...event];

  const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
  expect(roots.map(({ name }) => name)).toEqual([gateway]);
  // No link leads nowhere.
  const ids = new Set(spans.map(({ spanId }) => spanId));
  expect(spans.filter((span) => span.parentSpanId && !ids.has(span.parentSpanId))).toEqual([]);
  expect(ids.size).toBe(spans.length);

  const lineages = spans.map((span) => lineage(span).join(' < '));
  for (const line of [
    ['upload.assemble', 'upload.completing', gateway],
    job,
    ['probe', 'encode task', 'task probe', ...job],
    ['fetch source', 'encode task', 'task probe', ...job],
    ['GET /_task/source', 'fetch source', 'encode task', 'task probe', ...job],
    ['ffmpeg', 'encode task', 'task video', ...job],
    ['package', 'encode task', 'task video', ...job],
    ['upload output', 'encode task', 'task video', ...job],
    ['job.report', 'task video', ...job],
    ['job.publish', ...job],
    ['process video.ready', 'job.publish', ...job],
  ])
    expect(lineages).toContain(line.join(' < '));
  expect(lineages.some((line) => /^PUT \/_task\/output.* < upload output < /.test(line))).toBe(
    true,
  );

  const services = new Map(spans.map(({ name, service }) => [name, service]));
  expect(services.get('ffmpeg')).toBe('streamgate-encoder');
  expect(services.get(gateway)).toBe('streamgate');
  expect(receiver.refused).toEqual([]);
});

test("the logs of Worker and encoder carry the trace's id", async () => {
  const traceId = receiver.spans.find(({ name }) => name === 'transcode job')?.traceId;
  const log = await readFile(platform?.logFile ?? '', 'utf8');
  const lines = log
    .split('\n')
    .flatMap((line) => /\{"time".*\}/.exec(line)?.[0] ?? [])
    .map((text) => JSON.parse(text) as Record<string, unknown>)
    .filter((line) => line['traceId'] === traceId);
  const ofEvent = (service: string, event: string): Record<string, unknown> | undefined =>
    lines.find((line) => line['service'] === service && line['event'] === event);
  expect(ofEvent('encoder', 'task.finished')).toMatchObject({ taskId: expect.any(String) });
  expect(ofEvent('streamgate', 'task.ended')).toMatchObject({
    jobId: expect.any(String),
    videoUid: expect.any(String),
    taskId: expect.any(String),
  });
  expect(ofEvent('streamgate', 'request.finished')).toMatchObject({
    requestId: expect.any(String),
  });
});

test("a caller's trace is taken up, and one that is not valid is replaced", async () => {
  const traceId = 'a'.repeat(32);
  const valid = await client.send('/health', {
    headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` },
  });
  expect(valid.headers.get('traceresponse')).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  await expect
    .poll(() => spansOf(traceId).map(({ name, parentSpanId }) => [name, parentSpanId]))
    .toEqual([['GET /health', 'b'.repeat(16)]]);
  const forged = await client.send('/health', {
    headers: { traceparent: `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01` },
  });
  expect(forged.headers.get('traceresponse')).toMatch(/^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

test('a caller that does not sample is not recorded', async () => {
  const silent = 'c'.repeat(32);
  const loud = 'd'.repeat(32);
  for (const [traceId, flags] of [
    [silent, '00'],
    [loud, '01'],
  ] as const)
    await client.send('/health', {
      headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-${flags}` },
    });
  await expect.poll(() => spansOf(loud).length).toBe(1);
  expect(spansOf(silent)).toEqual([]);
});
