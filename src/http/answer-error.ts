import type { Context } from 'hono';

import { AppError } from '../contracts/errors.ts';
import type { AppEnv } from './app-env.ts';
import { redactPath } from './redact-path.ts';
import { isOurFault, renderEnvelopeError, renderProblem } from './render-error.ts';

/** The error in the form of the path it happened on. */
export function renderError(c: Context<AppEnv>, error: unknown): Response {
  const render = c.req.path.startsWith('/client/') ? renderEnvelopeError : renderProblem;
  return render(error, c.get('requestId'));
}

/** What an app answers to an error that a route threw; a failure of ours is logged. */
export function answerError(error: unknown, c: Context<AppEnv>): Response {
  if (isOurFault(error))
    c.get('logger').error('request.failed', { path: redactPath(c.req.path), error });
  return renderError(c, error);
}

/** 405, naming the methods that the address takes. */
export function refuseMethod(c: Context<AppEnv>, allowed: readonly string[]): Response {
  const sentence = `This address takes ${allowed.join(', ')}.`;
  const response = renderError(c, new AppError('request.method_not_allowed', sentence));
  response.headers.set('allow', allowed.join(', '));
  return response;
}

/** There is nothing at the address that was asked for. */
export function unknownAddress(): AppError {
  return new AppError(
    'request.not_found',
    'There is nothing at this address. /openapi.json lists what there is.',
  );
}
