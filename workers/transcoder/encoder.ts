import { AppError } from '../../src/contracts/errors.ts';
import { IMAGE_TASK_HEADER } from '../../src/contracts/image-task.ts';
import type { ImageTask } from '../../src/contracts/image-task.ts';
import type { EncoderHealth, TaskRequest } from '../../src/contracts/task-protocol.ts';
import { encoderHealthSchema } from '../../src/contracts/task-protocol.ts';

const HEALTH_DEADLINE_MS = 2000;

/** Something that runs tasks: a process on the same machine, or a container of the platform. */
export interface Encoder {
  /** Throws `task.unavailable` when it does not answer in two seconds. */
  health(): Promise<EncoderHealth>;
  /** Starts a task; the answer's body are the task's JSON lines. Aborting the signal kills the task. */
  run(request: TaskRequest, signal: AbortSignal): Promise<Response>;
  /** Makes an image of init and segments; its bytes are the answer's body. Throws `task.unavailable` when nobody answers. */
  image(task: ImageTask, segments: ReadableStream, signal: AbortSignal): Promise<Response>;
}

/** The encoder process at `TRANSCODER_URL`. */
export function createProcessEncoder(url: string, secret: string): Encoder {
  const authorization = `Bearer ${secret}`;
  return {
    health: async () => {
      try {
        const response = await fetch(`${url}/health`, {
          signal: AbortSignal.timeout(HEALTH_DEADLINE_MS),
        });
        return encoderHealthSchema.parse(await response.json());
      } catch (error) {
        throw new AppError('task.unavailable', `The encoder at ${url} does not answer.`, {}, error);
      }
    },
    run: (request, signal) =>
      fetch(`${url}/tasks`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(request),
        signal,
      }),
    image: async (task, segments, signal) => {
      try {
        return await fetch(`${url}/images`, {
          method: 'POST',
          headers: { authorization, [IMAGE_TASK_HEADER]: JSON.stringify(task) },
          body: segments,
          signal,
        });
      } catch (error) {
        throw new AppError('task.unavailable', `The encoder at ${url} does not answer.`, {}, error);
      }
    },
  };
}
