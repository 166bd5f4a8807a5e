import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { chooseEngine } from '../../containers/transcoder/choose-engine.ts';
import type { EncoderEngine } from '../../containers/transcoder/engine.ts';
import { ImageServer } from '../../containers/transcoder/image-server.ts';
import { prepareSource } from '../../containers/transcoder/prepare-source.ts';
import { createEncoderServer } from '../../containers/transcoder/server.ts';
import { SourceCache } from '../../containers/transcoder/source-cache.ts';
import { TaskRunner } from '../../containers/transcoder/task-runner.ts';
import type { AudioFacts, Rational, SegmentSpan, SourceFacts } from '../../src/contracts/media.ts';
import { TASK_PROTOCOL_VERSION, taskLineSchema } from '../../src/contracts/task-protocol.ts';
import type { TaskLine, TaskRequest, TaskSpec } from '../../src/contracts/task-protocol.ts';
import { createLogger } from '../../src/kernel/logger.ts';

export const SECRET = 'test-task-token-secret-0123456789abcdefghij';

export async function ffmpeg(folder: string, ...args: string[]): Promise<void> {
  await promisify(execFile)('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args], { cwd: folder });
}

/** A filter that writes the number of each frame into the picture as ten black or white squares. */
export function numbered(rate: string, seconds: number): string {
  const bits = Array.from({ length: 10 }, (_, bit) => {
    const enable = `enable='mod(floor(n/${2 ** bit}),2)'`;
    return `drawbox=x=${16 * bit}:y=0:w=16:h=16:color=white:t=fill:${enable}`;
  });
  return [`color=black:s=160x90:r=${rate}:d=${seconds}`, ...bits].join(',');
}

/** The frame numbers that {@link numbered} wrote, as they come out of a decoder. */
export async function readNumbers(folder: string, file: string): Promise<number[]> {
  const args = ['-i', file, '-vf', 'scale=160:90,format=gray', '-fps_mode', 'passthrough'];
  await ffmpeg(folder, ...args, '-f', 'rawvideo', 'numbers.raw');
  const bytes = await readFile(join(folder, 'numbers.raw'));
  const frameBytes = 160 * 90;
  return Array.from({ length: bytes.length / frameBytes }, (_, frame) =>
    Array.from({ length: 10 }, (__, bit) => {
      const luma = bytes[frame * frameBytes + 8 * 160 + 16 * bit + 8] ?? 0;
      return luma > 128 ? 2 ** bit : 0;
    }).reduce((sum, value) => sum + value, 0),
  );
}

/** Splits a video into tasks the way the planner does: 2 s, 4 s, then 6 s, one segment a task. */
export function planTasks(frames: number, rate: Rational): SegmentSpan[][] {
  const tasks: SegmentSpan[][] = [];
  const perSecond = rate.numerator / rate.denominator;
  for (let start = 0; start < frames;) {
    const seconds = [2, 4][tasks.length] ?? 6;
    const end = Math.min(frames, start + Math.round(seconds * perSecond));
    tasks.push([{ start, end }]);
    start = end;
  }
  return tasks;
}

export function totalFrames({ video }: SourceFacts): number {
  if (video === undefined) throw new Error('no video');
  const { numerator, denominator } = video.frameRate;
  return Math.round(((video.startSeconds + video.durationSeconds) * numerator) / denominator);
}

export function totalAudioFrames(audio: AudioFacts, sampleRate: number): number {
  return Math.round(((audio.startSeconds + audio.durationSeconds) * sampleRate) / 1024) + 1;
}

/** The Worker's two task routes, as far as the encoder sees them. */
export interface FakeCallback {
  readonly url: string;
  readonly parts: Map<number, Buffer>;
  readonly requests: string[];
  /** Answers the request instead of the normal route when it returns true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

export async function startCallback(source: Buffer): Promise<FakeCallback> {
  const parts = new Map<number, Buffer>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`.trim());
    if (callback.intercept(request, response)) return;
    if (request.headers.authorization !== 'Bearer callback-token') {
      response.writeHead(401).end();
      return;
    }
    if (request.method === 'GET') sendSource(request, response, source);
    else void storePart(request, response, parts);
  });
  const { url, close } = await listen(server);
  const callback: FakeCallback = { url, parts, requests, intercept: () => false, close };
  return callback;
}

function sendSource(request: IncomingMessage, response: ServerResponse, source: Buffer): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? -1);
  if (from < 0) {
    response.writeHead(200, { 'content-length': source.length }).end(source);
    return;
  }
  response.writeHead(206, {
    'content-range': `bytes ${from}-${source.length - 1}/${source.length}`,
  });
  response.end(source.subarray(from));
}

async function storePart(
  request: IncomingMessage,
  response: ServerResponse,
  parts: Map<number, Buffer>,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const isRight =
    createHash('sha256').update(bytes).digest('hex') === request.headers['x-content-sha256'] &&
    String(bytes.length) === request.headers['content-length'];
  parts.set(Number(request.url?.split('/').at(-1)), bytes);
  response.writeHead(isRight ? 204 : 422).end();
}

export interface Encoder {
  readonly url: string;
  readonly engine: EncoderEngine;
  readonly runner: TaskRunner;
  readonly images: ImageServer;
  close(): Promise<void>;
}

/** A real encoder server in this process. */
export async function startEncoder(
  root: string,
  choice: 'native' | 'wasm' = 'native',
  threads = 1,
): Promise<Encoder> {
  const engine = await chooseEngine(choice);
  const sources = new SourceCache({
    root,
    maxBytes: 1e9,
    idleMs: 1000,
    prepare: (path, aborted) => prepareSource(engine, path, aborted),
  });
  const runner = new TaskRunner(2, { engine, sources, root, threads });
  const logger = createLogger('error');
  const images = new ImageServer({ engine, root, threads });
  const server = createEncoderServer({ secret: SECRET, runner, images, logger });
  const { url, close } = await listen(server);
  return {
    url,
    engine,
    runner,
    images,
    close: async () => {
      await runner.stop();
      await images.stop();
      await sources.clear();
      await close();
    },
  };
}

async function listen(server: Server): Promise<{ url: string; close: () => Promise<void> }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

let jobs = 0;

export function requestFor(
  callback: FakeCallback,
  sizeBytes: number,
  task: TaskSpec,
  jobId = `job_${jobs++}`,
): TaskRequest {
  return {
    version: TASK_PROTOCOL_VERSION,
    jobId,
    taskId: 'task',
    epoch: 1,
    source: { sizeBytes },
    callback: { url: callback.url, token: 'callback-token' },
    limits: { wallMs: 60_000, outputBytes: 500_000_000 },
    task,
  };
}

export function postTask(
  encoder: Pick<Encoder, 'url'>,
  request: unknown,
  options: { secret?: string; signal?: AbortSignal } = {},
): Promise<Response> {
  return fetch(`${encoder.url}/tasks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${options.secret ?? SECRET}` },
    body: JSON.stringify(request),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

export async function readLines(response: Response): Promise<TaskLine[]> {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  return text
    .trim()
    .split('\n')
    .map((line) => taskLineSchema.parse(JSON.parse(line)));
}

export type Outcome = Exclude<TaskLine, { type: 'progress' }>;

/** Posts a task on these source bytes and gives the last line and the stored parts. */
export async function runOn(
  encoder: Pick<Encoder, 'url'>,
  source: Buffer,
  task: TaskSpec,
): Promise<{ last: Outcome; parts: Map<number, Buffer> }> {
  const callback = await startCallback(source);
  try {
    const request = requestFor(callback, source.length, task);
    const lines = await readLines(await postTask(encoder, request));
    const last = lines.at(-1);
    if (last === undefined || last.type === 'progress') throw new Error('no last line');
    return { last, parts: callback.parts };
  } finally {
    await callback.close();
  }
}

export async function probe(encoder: Encoder, source: Buffer): Promise<SourceFacts> {
  const { last } = await runOn(encoder, source, { kind: 'probe', maxDurationSeconds: 3600 });
  if (last.type === 'failure' || last.result.kind !== 'probe') {
    throw new Error(`probe failed: ${JSON.stringify(last)}`);
  }
  return last.result.facts;
}

export interface Rendered {
  readonly name: string;
  readonly init: Buffer;
  readonly segments: Buffer[];
}

/** Runs a media task and cuts its parts as the report says. */
export async function encode(
  encoder: Encoder,
  source: Buffer,
  task: TaskSpec,
): Promise<Rendered[]> {
  const { last, parts } = await runOn(encoder, source, task);
  if (last.type === 'failure' || last.result.kind !== 'media') {
    throw new Error(`encode failed: ${JSON.stringify(last)}`);
  }
  const cut = (place: { part: number; offset: number; length: number }): Buffer => {
    const part = parts.get(place.part) ?? Buffer.alloc(0);
    return part.subarray(place.offset, place.offset + place.length);
  };
  return last.result.renditions.map((rendition) => ({
    name: rendition.name,
    init: cut(rendition.init),
    segments: rendition.segments.map((segment) => cut(segment)),
  }));
}

export async function saveJoined(path: string, init: Buffer, segments: Buffer[]): Promise<void> {
  await writeFile(path, Buffer.concat([init, ...segments]));
}
