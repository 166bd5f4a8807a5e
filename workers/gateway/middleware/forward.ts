import type { MiddlewareHandler } from 'hono';

import { ownerOf } from '../../../src/contracts/services.ts';
import type { AppEnv } from '../../../src/http/app-env.ts';
import { forwardRequest } from '../../../src/http/forwarded-call.ts';
import type { ServiceDirectory } from '../../../src/kernel/service-directory.ts';

/** Time to the head of an answer that is only read. */
const READ_DEADLINE_MS = 20_000;
const WRITE_DEADLINE_MS = 60_000;

/** In the microservices: sends a request to the Worker of the service that answers it, and says who calls. */
export function forward(services: ServiceDirectory): MiddlewareHandler<AppEnv> {
  return async function forwardToOwner(c, next) {
    const owner = ownerOf(c.req.method, c.req.path);
    const service = owner && services.remotes.get(owner);
    if (service === undefined) return next();
    const principal = c.get('principal');
    const response = await service.fetch(
      (context) => forwardRequest(c.req.raw, { context, ...(principal && { principal }) }),
      deadlineOf(c.req.raw),
    );
    c.set('isCounted', true);
    // A fresh copy: headers of a fetched response cannot be changed, and the middleware adds some.
    return new Response(response.body, response);
  };
}

/** A body of media takes as long as its sender needs. */
function deadlineOf({ method, body, headers }: Request): number | undefined {
  if (method === 'GET' || method === 'HEAD') return READ_DEADLINE_MS;
  const isSmall = body === null || headers.get('content-type')?.includes('json') === true;
  return isSmall ? WRITE_DEADLINE_MS : undefined;
}
