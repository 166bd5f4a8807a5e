import { AppError } from '../../src/contracts/errors.ts';
import type { EncoderHealth, TaskRequest } from '../../src/contracts/task-protocol.ts';
import { encoderHealthSchema } from '../../src/contracts/task-protocol.ts';

const HEALTH_DEADLINE_MS = 2000;

/** Something that runs tasks: a process on the same machine, or a container of the platform. */
export interface Encoder {
  /** Throws `task.unavailable` when it does not answer in two seconds. */
  health(): Promise<EncoderHealth>;
  /** Starts a task; the answer's body are the task's JSON lines. Aborting the signal kills the task. */
  run(request: TaskRequest, signal: AbortSignal): Promise<Response>;
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
  };
}
