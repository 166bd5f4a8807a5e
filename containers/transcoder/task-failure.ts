import type { FailureCode, TaskFailure } from '../../src/contracts/task-protocol.ts';

/** A task cannot succeed; carries the line that the runner gets. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  readonly failure: TaskFailure;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message);
    const { detail = '', retryable = false, handedBack } = options;
    const more = handedBack === undefined ? {} : { handedBack };
    this.failure = { type: 'failure', code, message, detail, retryable, ...more };
  }
}

export interface FailureOptions {
  readonly detail?: string;
  readonly retryable?: boolean;
  /** The encoder stops: the attempt does not count. */
  readonly handedBack?: boolean;
}

/** The failure line for whatever was thrown; an unknown error is ours, and is tried again. */
export function toTaskFailure(error: unknown): TaskFailure {
  if (error instanceof TaskError) return error.failure;
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    type: 'failure',
    code: 'ERR_UNKNOWN',
    message: 'The encoder could not finish this step. It is tried again.',
    detail,
    retryable: true,
  };
}
