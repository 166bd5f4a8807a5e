import { AppError, isAppError } from '../contracts/errors.ts';
import type { ErrorCode, ErrorDetails } from '../contracts/errors.ts';

/** How a call between Workers ends: plain data, since RPC drops classes. */
export type CallAnswer =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly error: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly details: ErrorDetails;
        /** What really happened, for the log. */
        readonly cause?: string;
      };
    };

/** The value or the error of `work`; never throws. An error that is not ours becomes `internal` and keeps its text as cause. */
export async function answerCall(work: () => Promise<unknown>): Promise<CallAnswer> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (isAppError(error)) {
      const { code, message, details, cause } = error;
      return { ok: false, error: { code, message, details, ...causeOf(cause) } };
    }
    const message = 'Something went wrong in another service.';
    return { ok: false, error: { code: 'internal', message, details: {}, ...causeOf(error) } };
  }
}

/** The value of an answer. Throws its error as an {@link AppError}. */
export function readAnswer(answer: CallAnswer): unknown {
  if (answer.ok) return answer.value;
  const { code, message, details, cause } = answer.error;
  throw new AppError(code, message, details, cause);
}

function causeOf(cause: unknown): { cause?: string } {
  if (cause instanceof Error) return { cause: `${cause.name}: ${cause.message}` };
  return typeof cause === 'string' ? { cause } : {};
}
