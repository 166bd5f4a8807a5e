import type { FailureCode, TaskFailure } from '../../src/contracts/task-protocol.ts';
import { cleanLine } from './error-tail.ts';

/** A task cannot succeed; carries the line that the runner gets. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  readonly failure: TaskFailure;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message);
    const { detail = '', retryable = false, ...more } = options;
    this.failure = { type: 'failure', code, message, detail, retryable, ...more };
  }
}

export interface FailureOptions {
  readonly detail?: string;
  readonly retryable?: boolean;
  /** The encoder stops: the attempt does not count. */
  readonly handedBack?: boolean;
  /** The platform did not take or give bytes: the attempt does not count. */
  readonly unavailable?: boolean;
  /** A limit or a crash ended it: once more, then it is the file's fault. */
  readonly limited?: boolean;
}

/** The failure line for whatever was thrown; an unknown error is ours, and is tried again. */
export function toTaskFailure(error: unknown): TaskFailure {
  if (error instanceof TaskError) return error.failure;
  if (isDiskFull(error)) return diskFull(error.message);
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    type: 'failure',
    code: 'ERR_UNKNOWN',
    message: 'The encoder could not finish this step.',
    detail: cleanLine(detail),
    retryable: true,
  };
}

function isDiskFull(error: unknown): error is Error {
  return error instanceof Error && (error as { code?: unknown }).code === 'ENOSPC';
}

function diskFull(detail: string): TaskFailure {
  return {
    type: 'failure',
    code: 'ERR_UNKNOWN',
    message: 'The disk of the encoder is full. Make room there and run the job again.',
    detail: cleanLine(detail),
    retryable: true,
  };
}
