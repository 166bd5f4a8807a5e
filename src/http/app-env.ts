import type { Principal } from '../contracts/principal.ts';
import type { Logger } from '../kernel/logger.ts';
import type { RateLimitUse } from './rate-limit-headers.ts';

/** Types of every Hono app of ours. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    logger: Logger;
    /** The Worker that answered has counted the request: it knows the route. */
    isCounted?: boolean;
    /** Set by the gateway when the caller proved who it is. */
    principal: Principal | undefined;
    /** What the gateway has counted this request for. */
    rateLimits: readonly RateLimitUse[];
  };
}
