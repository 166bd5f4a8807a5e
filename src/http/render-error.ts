import { HTTPException } from 'hono/http-exception';

import { ERROR_CODES, isAppError } from '../contracts/errors.ts';
import type { ErrorCode, ErrorDetails } from '../contracts/errors.ts';

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

/** RFC 9457 `application/problem+json`, for everything but Stream's own paths. */
export function renderProblem(error: unknown, requestId: string): Response {
  const { code, message, details } = toFailure(error);
  const { status } = ERROR_CODES[code];
  const body = {
    type: `urn:streamgate:error:${code}`,
    title: titleOf(code),
    status,
    code,
    detail: message,
    requestId,
    ...(details.pointer !== undefined && { pointer: details.pointer }),
    ...(details.errors !== undefined && { errors: details.errors }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...challengeOf(code),
      ...commonHeaders(details, requestId),
    },
  });
}

/** Stream's envelope with its numeric code, for `/client/v4`. A 409 tells the SDK not to repeat. */
export function renderEnvelopeError(error: unknown, requestId: string): Response {
  const { code, message, details } = toFailure(error);
  const { status, stream, retryable } = ERROR_CODES[code];
  const pointers = details.errors ?? [{ pointer: details.pointer, message }];
  const errors = pointers.map((entry) => ({
    code: stream,
    message: entry.message,
    ...(entry.pointer !== undefined && { source: { pointer: entry.pointer } }),
  }));
  return new Response(JSON.stringify({ success: false, errors, messages: [], result: null }), {
    status,
    headers: {
      'content-type': 'application/json',
      ...(!retryable && { 'x-should-retry': 'false' }),
      ...challengeOf(code),
      ...commonHeaders(details, requestId),
    },
  });
}

/** A failure of ours (status 500 and up by an unknown error) must be logged; what the caller did need not be. */
export function isOurFault(error: unknown): boolean {
  return ERROR_CODES[toFailure(error).code].status >= 500;
}

/** The code that an error is answered with. */
export function errorCodeOf(error: unknown): ErrorCode {
  return toFailure(error).code;
}

function toFailure(error: unknown): Failure {
  if (isAppError(error))
    return { code: error.code, message: error.message, details: error.details ?? {} };
  // What the framework itself refuses, such as a body that is not JSON.
  if (error instanceof HTTPException && error.status < 500)
    return { code: 'request.invalid', message: error.message, details: {} };
  return {
    code: 'internal',
    message:
      'Something went wrong on our side. Try again; if it stays, give the operator this request id.',
    details: {},
  };
}

function titleOf(code: ErrorCode): string {
  const words = code.replaceAll('.', ' ').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** RFC 6750 §3: what kind of token is wanted, and whether the one sent was at fault. */
function challengeOf(code: ErrorCode): Record<string, string> {
  if (code === 'auth.required') return { 'www-authenticate': 'Bearer' };
  if (code === 'auth.invalid_token') return { 'www-authenticate': 'Bearer error="invalid_token"' };
  return {};
}

function commonHeaders(details: ErrorDetails, requestId: string): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'x-request-id': requestId,
    ...(details.retryAfterSeconds !== undefined && {
      'retry-after': String(details.retryAfterSeconds),
    }),
  };
}
