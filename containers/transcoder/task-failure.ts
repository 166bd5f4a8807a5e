import type { FailureCode, TaskFailure } from '../../src/contracts/task-protocol.ts';
import { DISK_FULL } from '../../src/media/machine-fault.ts';
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
  if (isDiskFull(error)) return diskFull(error).failure;
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    type: 'failure',
    code: 'ERR_UNKNOWN',
    message: 'The encoder could not finish this step.',
    detail: cleanLine(detail),
    retryable: true,
  };
}

/** True for an error of the file system that has no room left. */
export function isDiskFull(error: unknown): error is Error {
  const { code } = error as { code?: unknown };
  return error instanceof Error && (code === 'ENOSPC' || code === 'EDQUOT');
}

/** The failure for a full disk: the platform is not away, and the file is not at fault. */
export function diskFull(error: Error): TaskError {
  const detail = cleanLine(error.message);
  return new TaskError('ERR_UNKNOWN', DISK_FULL.message, { detail, retryable: true });
}
