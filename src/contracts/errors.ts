/** Every error code of the platform: HTTP status, Stream's number (reference: Stream error table) and whether trying again can help. */
export const ERROR_CODES = {
  internal: { status: 500, stream: 10000, retryable: true },
  'platform.not_configured': { status: 503, stream: 10000, retryable: true },
  'request.invalid': { status: 400, stream: 10005, retryable: false },
  'request.length_required': { status: 411, stream: 10005, retryable: false },
  'request.too_large': { status: 413, stream: 10011, retryable: false },
  'request.not_found': { status: 404, stream: 10003, retryable: false },
  'request.rate_limited': { status: 429, stream: 10016, retryable: true },
  'request.method_not_allowed': { status: 405, stream: 10005, retryable: false },
  'request.key_reused': { status: 422, stream: 10005, retryable: false },
  'service.unavailable': { status: 503, stream: 10000, retryable: true },
  'storage.unavailable': { status: 503, stream: 10000, retryable: true },
  'auth.required': { status: 401, stream: 10001, retryable: false },
  'auth.invalid_token': { status: 401, stream: 10001, retryable: false },
  'auth.forbidden': { status: 403, stream: 10002, retryable: false },
  'token.not_found': { status: 404, stream: 10003, retryable: false },
  'upload.not_found': { status: 404, stream: 10003, retryable: false },
  'upload.expired': { status: 410, stream: 10017, retryable: false },
  'upload.closed': { status: 422, stream: 10018, retryable: false },
  'upload.key_reused': { status: 422, stream: 10005, retryable: false },
  'upload.invalid_part': { status: 422, stream: 10005, retryable: false },
  'upload.part_busy': { status: 409, stream: 10013, retryable: true },
  'upload.checksum_mismatch': { status: 422, stream: 10005, retryable: false },
  'upload.incomplete': { status: 422, stream: 10005, retryable: false },
  'video.not_found': { status: 404, stream: 10003, retryable: false },
  'video.not_ready': { status: 404, stream: 10003, retryable: true },
  'video.failed': { status: 424, stream: 10005, retryable: false },
  'video.busy': { status: 422, stream: 10013, retryable: false },
  'job.not_found': { status: 404, stream: 10003, retryable: false },
  'job.finished': { status: 422, stream: 10013, retryable: false },
  'job.publishing': { status: 422, stream: 10013, retryable: false },
  'profile.not_found': { status: 404, stream: 10003, retryable: false },
  'profile.built_in': { status: 409, stream: 10013, retryable: false },
  'profile.in_use': { status: 409, stream: 10013, retryable: false },
  'profile.too_many': { status: 409, stream: 10013, retryable: false },
  'alert.not_found': { status: 404, stream: 10003, retryable: false },
  'alert.rule_not_found': { status: 404, stream: 10003, retryable: false },
  'task.stale': { status: 409, stream: 10013, retryable: false },
  'task.unavailable': { status: 503, stream: 10000, retryable: true },
  'schedule.not_found': { status: 404, stream: 10003, retryable: false },
  'dead_letter.not_found': { status: 404, stream: 10003, retryable: false },
  'webhook.not_found': { status: 404, stream: 10003, retryable: false },
  'webhook.not_enabled': { status: 400, stream: 10012, retryable: false },
  'webhook.too_many': { status: 409, stream: 10013, retryable: false },
  'delivery.not_found': { status: 404, stream: 10003, retryable: false },
  'playback.unauthorized': { status: 401, stream: 10001, retryable: false },
  'playback.forbidden': { status: 403, stream: 10002, retryable: false },
  'playback.range': { status: 416, stream: 10005, retryable: false },
} as const satisfies Record<string, { status: number; stream: number; retryable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What more an error says: the field at fault (JSON pointer or header name) and how long to wait. */
export interface ErrorDetails {
  readonly pointer?: string;
  readonly retryAfterSeconds?: number;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

/** The one error class. `message` is for the caller: what happened and what to do. Recognise it by {@link isAppError}: RPC drops classes. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

/** True for an {@link AppError}, also after it crossed an RPC border. */
export function isAppError(error: unknown): error is AppError {
  if (typeof error !== 'object' || error === null) return false;
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === 'AppError' && typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}
