import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { taskRequestSchema } from '../../src/contracts/task-protocol.ts';
import type { TaskRequest } from '../../src/contracts/task-protocol.ts';

const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** The request is answered with this status and sentence. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Throws unless the bearer token is the secret; the comparison takes the same time for every guess. */
export function authorize(request: IncomingMessage, secret: string): void {
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (timingSafeEqual(digest(token), digest(secret))) return;
  throw new RequestError(401, 'The bearer token is not the TASK_TOKEN_SECRET of this encoder.');
}

/** Reads and checks the task. */
export async function readTask(request: IncomingMessage): Promise<TaskRequest> {
  const parsed = taskRequestSchema.safeParse(await readJson(request));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new RequestError(400, `The task is not valid at "${where}": ${issue?.message ?? ''}`);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new RequestError(413, 'The task is too large.');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new RequestError(400, 'The task is not JSON.');
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
