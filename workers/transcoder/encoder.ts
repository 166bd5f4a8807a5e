import { AppError } from '../../src/contracts/errors.ts';
import { IMAGE_TASK_HEADER } from '../../src/contracts/image-task.ts';
import type { ImageTask } from '../../src/contracts/image-task.ts';
import type { EncoderHealth, TaskRequest } from '../../src/contracts/task-protocol.ts';
import { traceHeaders } from '../../src/kernel/trace-scope.ts';
import { TASK_PROTOCOL_VERSION, encoderHealthSchema } from '../../src/contracts/task-protocol.ts';

const HEALTH_DEADLINE_MS = 2000;

/** Something that runs tasks. */
export interface Encoder {
  /** Throws `task.unavailable` with the next step when it does not answer in two seconds or would refuse our tasks. */
  health(): Promise<EncoderHealth>;
  /** Starts a task; the answer's body are the task's JSON lines. Aborting the signal kills the task. */
  run(request: TaskRequest, signal: AbortSignal): Promise<Response>;
  /** Makes an image of init and segments; its bytes are the answer's body. Throws `task.unavailable` when nobody answers. */
  image(task: ImageTask, segments: ReadableStream, signal: AbortSignal): Promise<Response>;
}

/** How an encoder is reached: the same program answers in a process and in a container. */
export interface EncoderAccess {
  /** Names it in errors: `The encoder at http://127.0.0.1:9090`. */
  readonly name: string;
  readonly secret: string;
  /** Resolves when it can be asked, however long a start takes; a process is there or it is not. */
  readonly wake?: () => Promise<void>;
  /** Sends a request to a path of it. */
  readonly send: (path: string, init: RequestInit) => Promise<Response>;
}

/** The encoder process at `TRANSCODER_URL`. */
export function createProcessEncoder(url: string, secret: string): Encoder {
  const name = `The encoder at ${url}`;
  return createHttpEncoder({ name, secret, send: (path, init) => fetch(`${url}${path}`, init) });
}

/** An encoder that speaks the task protocol over HTTP. */
export function createHttpEncoder(access: EncoderAccess): Encoder {
  const { name, secret } = access;
  const authorization = `Bearer ${secret}`;
  return {
    health: async () => {
      await access.wake?.();
      const { status, body } = await askHealth(access, authorization);
      if (status === 401)
        throw unusable(`${name} has another TASK_TOKEN_SECRET. Give both the same.`);
      const { data, error } = encoderHealthSchema.safeParse(body);
      if (data === undefined)
        throw unusable(`${name} answers with ${status}, as no encoder does.`, error);
      if (data.version !== TASK_PROTOCOL_VERSION) {
        throw unusable(
          `${name} speaks task protocol ${data.version}, this platform ${TASK_PROTOCOL_VERSION}. Deploy both from the same release.`,
        );
      }
      return data;
    },
    run: (request, signal) =>
      access.send('/tasks', {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', ...traceHeaders() },
        body: JSON.stringify(request),
        signal,
      }),
    image: async (task, segments, signal) => {
      try {
        return await access.send('/images', {
          method: 'POST',
          headers: { authorization, [IMAGE_TASK_HEADER]: JSON.stringify(task) },
          body: segments,
          signal,
        });
      } catch (error) {
        throw unusable(`${name} does not answer.`, error);
      }
    },
  };
}

async function askHealth(
  { name, send }: EncoderAccess,
  authorization: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  try {
    const response = await send('/health', {
      headers: { authorization },
      signal: AbortSignal.timeout(HEALTH_DEADLINE_MS),
    });
    const text = await response.text();
    return { status: response.status, body: parseJson(text) };
  } catch (error) {
    throw unusable(`${name} does not answer.`, error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `task.unavailable` with the sentence that says what to do. */
export function unusable(message: string, cause?: unknown): AppError {
  return new AppError('task.unavailable', message, {}, cause);
}
