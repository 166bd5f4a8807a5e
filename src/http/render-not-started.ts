import { isAppError } from '../contracts/errors.ts';
import { createId } from '../contracts/ids.ts';
import { renderEnvelopeError, renderProblem } from './render-error.ts';

/**
 * What a Worker answers while its configuration keeps it from starting: `/ready` names what is still to do,
 * everything else is 503. Any other error is thrown on.
 */
export function renderNotStarted({ url }: Request, error: unknown): Response {
  if (!isAppError(error) || error.code !== 'platform.not_configured') throw error;
  const { pathname } = new URL(url);
  if (pathname === '/ready') {
    const checks = [{ name: 'configuration', ok: false, detail: error.message }];
    return Response.json({ ready: false, checks }, { status: 503 });
  }
  const render = pathname.startsWith('/client/') ? renderEnvelopeError : renderProblem;
  return render(error, createId('req', Date.now()));
}
