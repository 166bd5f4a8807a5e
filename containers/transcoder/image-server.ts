import type { IncomingMessage, ServerResponse } from 'node:http';

import {
  IMAGE_DEADLINE_MS,
  IMAGE_TASK_HEADER,
  IMAGE_TYPES,
  imageTaskSchema,
} from '../../src/contracts/image-task.ts';
import type { ImageTask } from '../../src/contracts/image-task.ts';
import { makeImage } from './make-image.ts';
import type { ImageResources } from './make-image.ts';
import { RequestError } from './read-task.ts';
import { WorkLimit } from './work-limit.ts';

/** Beside the task slots: a viewer waits for an image, and it costs a fraction of a second. */
const LIMITS = { running: 2, waiting: 16 };

/** Answers `POST /images`: a few at a time, each within its deadline. */
export class ImageServer {
  private readonly resources: ImageResources;
  private readonly limit = new WorkLimit(LIMITS);
  private readonly stopping = new AbortController();
  private readonly working = new Set<Promise<unknown>>();

  constructor(resources: ImageResources) {
    this.resources = resources;
  }

  /** Makes the image that the request describes. Throws a {@link RequestError} for what the caller must know. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const task = readImageTask(request);
    const closed = new AbortController();
    response.on('close', () => closed.abort(new Error('the request was closed')));
    const late = AbortSignal.timeout(IMAGE_DEADLINE_MS);
    const signal = AbortSignal.any([closed.signal, late, this.stopping.signal]);
    const work = this.limit.run(signal, () => makeImage(this.resources, task, request, signal));
    const image = await this.track(work).catch((error: unknown) => {
      if (error instanceof RequestError) throw error;
      if (late.aborted || this.stopping.signal.aborted || closed.signal.aborted)
        throw new RequestError(503, 'The image was not ready in time.');
      throw error;
    });
    if (image === undefined) throw new RequestError(503, 'Too many images are being made.');
    response.writeHead(200, {
      'content-type': IMAGE_TYPES[task.format],
      'content-length': image.byteLength,
      'cache-control': 'no-store',
    });
    response.end(image);
  }

  /** Ends all work; resolves when nothing of it is left on the disk. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('the encoder stops'));
    await Promise.allSettled(this.working);
  }

  private async track<T>(work: Promise<T>): Promise<T> {
    this.working.add(work);
    try {
      return await work;
    } finally {
      this.working.delete(work);
    }
  }
}

function readImageTask(request: IncomingMessage): ImageTask {
  const parsed = imageTaskSchema.safeParse(toJson(request.headers[IMAGE_TASK_HEADER]));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new RequestError(
    400,
    `${IMAGE_TASK_HEADER} is not valid at "${where}": ${issue?.message ?? ''}`,
  );
}

function toJson(text: string | string[] | undefined): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    throw new RequestError(400, `${IMAGE_TASK_HEADER} is not JSON.`);
  }
}
