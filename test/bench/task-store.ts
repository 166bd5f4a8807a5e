import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import type { TaskRequest } from '../../src/contracts/task-protocol.ts';

/** The two task routes of the Worker over a source file and an output folder. */
export interface TaskStore {
  readonly sourceBytes: number;
  callbackOf(taskId: string): TaskRequest['callback'];
  /** Where a part of a task's output lies. */
  partFile(taskId: string, part: number): string;
  close(): Promise<void>;
}

/** Serves the source with Range and keeps the outputs; an output whose hash is wrong is refused. */
export async function openTaskStore(source: string, folder: string): Promise<TaskStore> {
  const { size } = await stat(source);
  const partFile = (taskId: string, part: number | string): string =>
    join(folder, taskId, `part-${part}`);
  const server = createServer((request, response) => {
    const [, taskId = '', route, part = ''] = (request.url ?? '').split('/');
    const answer =
      route === 'source'
        ? sendSource(request, response, source, size)
        : storePart(request, response, partFile(taskId, part));
    answer.catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    sourceBytes: size,
    callbackOf: (taskId) => ({ url: `http://127.0.0.1:${port}/${taskId}`, token: 'benchmark' }),
    partFile,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function sendSource(
  request: IncomingMessage,
  response: ServerResponse,
  source: string,
  size: number,
): Promise<void> {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(from ?? 0);
  const end = to === undefined || to === '' ? size - 1 : Number(to);
  response.writeHead(from === undefined ? 200 : 206, {
    'content-length': end - start + 1,
    'accept-ranges': 'bytes',
    etag: '"source"',
    ...(from !== undefined && { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  await pipeline(createReadStream(source, { start, end }), response);
}

async function storePart(
  request: IncomingMessage,
  response: ServerResponse,
  file: string,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const hash = createHash('sha256');
  request.on('data', (chunk: Buffer) => hash.update(chunk));
  await pipeline(request, createWriteStream(file));
  response.writeHead(hash.digest('hex') === request.headers['x-content-sha256'] ? 204 : 422).end();
}
