import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

import { TASK_PROTOCOL_VERSION } from '../../src/contracts/task-protocol.ts';
import type { EncoderHealth } from '../../src/contracts/task-protocol.ts';
import type { Logger } from '../../src/kernel/logger.ts';
import type { ImageServer } from './image-server.ts';
import { authorize, readTask, RequestError } from './read-task.ts';
import type { TaskRunner } from './task-runner.ts';
import { streamTask } from './task-stream.ts';
import { TaskTrace } from './task-trace.ts';

export interface ServerOptions {
  readonly secret: string;
  readonly runner: TaskRunner;
  readonly images: ImageServer;
  readonly logger: Logger;
}

/** The encoder's HTTP face: `GET /health`, `POST /tasks` and `POST /images`. */
export function createEncoderServer(options: ServerOptions): Server {
  return createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      renderError(options.logger, response, error);
    });
  });
}

async function answer(
  options: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://encoder');
  if (request.method === 'GET' && pathname === '/health') {
    // Who cannot give us tasks must not take us for healthy.
    authorize(request, options.secret);
    return renderJson(response, 200, healthOf(options.runner));
  }
  if (request.method !== 'POST' || (pathname !== '/tasks' && pathname !== '/images')) {
    throw new RequestError(404, 'There is only GET /health, POST /tasks and POST /images.');
  }
  authorize(request, options.secret);
  if (pathname === '/images') await options.images.answer(request, response);
  else await runOne(options, request, response);
}

async function runOne(
  { runner, logger }: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const task = await readTask(request);
  const slot = runner.take();
  if (slot === undefined) throw new RequestError(503, 'Every slot of this encoder is taken.');
  // The runner on the other side hung up: nobody waits for this task any more.
  response.on('close', () => slot.abort(new Error('the request was closed')));
  const { jobId, taskId, epoch } = task;
  const trace = new TaskTrace(request.headersDistinct['traceparent'], { jobId, taskId, epoch });
  const log = logger.with(trace.fields);
  const startedAt = Date.now();
  log.info('task.started', { kind: task.task.kind });
  try {
    const last = await streamTask(
      response,
      (onProgress) => trace.run(() => slot.run(task, onProgress)),
      () => trace.spans(),
    );
    log.info(last.type === 'failure' ? 'task.failed' : 'task.finished', {
      elapsedMs: Date.now() - startedAt,
      ...(last.type === 'failure' ? { code: last.code, detail: last.detail } : {}),
    });
  } finally {
    slot.free();
  }
}

function healthOf(runner: TaskRunner): EncoderHealth {
  return {
    status: 'ok',
    version: TASK_PROTOCOL_VERSION,
    engine: runner.engine.name,
    sandbox: runner.engine.sandbox,
    slots: runner.slots,
    busy: runner.busy,
  };
}

function renderJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function renderError(logger: Logger, response: ServerResponse, error: unknown): void {
  if (!(error instanceof RequestError)) logger.error('request.failed', { error });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const isKnown = error instanceof RequestError;
  // The rest of a refused body is not read.
  response.setHeader('connection', 'close');
  renderJson(response, isKnown ? error.status : 500, {
    message: isKnown ? error.message : 'The encoder failed.',
  });
}
