/** An answer that was not a success, or no answer (status 0). The message is for the person at the screen. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(failure: {
    readonly status: number;
    readonly message: string;
    readonly code?: string;
    readonly retryAfterSeconds?: number | undefined;
  }) {
    super(failure.message);
    this.status = failure.status;
    this.code = failure.code ?? '';
    this.retryAfterSeconds = failure.retryAfterSeconds;
  }
}

/** No answer came at all. */
export function networkError(): ApiError {
  return new ApiError({
    status: 0,
    message: 'The server cannot be reached. Check the connection and try again.',
  });
}

/** Reads an error answer: problem+json of our API, or the envelope of Stream's paths. */
export function toApiError(status: number, body: string, retryAfter: string | null): ApiError {
  const { message, code } = readMessage(body);
  const seconds = Number(retryAfter);
  return new ApiError({
    status,
    code: code ?? '',
    message: message ?? `The server answered with status ${status}.`,
    retryAfterSeconds: retryAfter !== null && Number.isFinite(seconds) ? seconds : undefined,
  });
}

/** The sentence to show for anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return 'Something unexpected happened in this page. Reload it and try again.';
}

interface Message {
  readonly message?: string;
  readonly code?: string;
}

function readMessage(body: string): Message {
  try {
    const parsed = JSON.parse(body) as {
      detail?: unknown;
      code?: unknown;
      errors?: readonly { readonly message?: unknown }[];
    };
    const message = parsed.detail ?? parsed.errors?.[0]?.message;
    return {
      ...(typeof message === 'string' && message !== '' && { message }),
      ...(typeof parsed.code === 'string' && { code: parsed.code }),
    };
  } catch {
    return {};
  }
}
