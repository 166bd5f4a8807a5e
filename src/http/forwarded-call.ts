import { z } from 'zod';

import { SCOPES } from '../contracts/principal.ts';
import type { Principal } from '../contracts/principal.ts';
import type { SentCallContext } from '../kernel/call-context.ts';

/**
 * How the gateway tells a service who calls. The header counts only where it is read: at a service's entrypoint that has no
 * address and is reached by binding alone. The gateway sets it on every request that it forwards, whatever the caller sent.
 */
const HEADER = 'x-streamgate-call';

/** Where a service of the microservices describes its routes to the gateway. */
export const API_DESCRIPTION_PATH = '/openapi.json';

export interface ForwardedCall {
  readonly principal?: Principal | undefined;
  readonly context: SentCallContext;
}

const schema = z.object({
  principal: z
    .object({ accountId: z.string(), tokenId: z.string(), scopes: z.array(z.enum(SCOPES)) })
    .exactOptional(),
  context: z.object({
    requestId: z.string().exactOptional(),
    traceparent: z.string().exactOptional(),
    remainingMs: z.number().exactOptional(),
  }),
});

/** The request as it goes to the service; its body is passed on as it comes in. */
export function forwardRequest(request: Request, call: ForwardedCall): Request {
  const forwarded = new Request(request);
  forwarded.headers.set(HEADER, encodeURIComponent(JSON.stringify(call)));
  return forwarded;
}

/** What the gateway said. Throws when it said nothing: then the request did not come from it. */
export function readForwardedCall(headers: Headers): ForwardedCall {
  return schema.parse(JSON.parse(decodeURIComponent(headers.get(HEADER) ?? '')));
}
