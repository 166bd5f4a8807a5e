import type { Context, MiddlewareHandler } from 'hono';

import { isAppError } from '../../../src/contracts/errors.ts';
import type { AppError } from '../../../src/contracts/errors.ts';
import type { AppEnv } from '../../../src/http/app-env.ts';
import { formatRateLimits } from '../../../src/http/rate-limit-headers.ts';
import type { ServiceContext } from '../../../src/kernel/service-context.ts';
import { BlockedAddresses } from '../blocked-addresses.ts';
import { clientAddress } from '../client-address.ts';
import { RateLimits, tooManyCalls } from '../rate-limits.ts';
import type { Counted } from '../rate-limits.ts';

/** The encoder's own way in; its tokens are its limit. */
const NOT_LIMITED = /^\/_task\//;
const TOKEN_EXCHANGE = '/api/v1/auth/token';
const MAKES_UPLOAD =
  /^\/(api\/v1\/uploads|client\/v4\/accounts\/[^/]+\/stream(\/(direct_upload|copy))?)$/;

type RenderError = (c: Context<AppEnv>, error: unknown) => Response;

/** Two steps, before and after the caller is known, which share what they have counted. */
export interface RateLimitSteps {
  readonly before: MiddlewareHandler<AppEnv>;
  readonly after: MiddlewareHandler<AppEnv>;
}

/**
 * Limits calls by token, by the client's address where there is no token, and in a few places exactly: failed authentication
 * and token exchanges by address, new uploads by account. Says in every answer what it counted.
 */
export function rateLimit(context: ServiceContext, renderError: RenderError): RateLimitSteps {
  const limits = new RateLimits(context);
  const guard = new FailureGuard(limits);
  const isLimited = (c: Context<AppEnv>): boolean =>
    context.config.RATE_LIMITS === 'on' && !NOT_LIMITED.test(c.req.path);
  return {
    before: async (c, next) => {
      c.set('rateLimits', []);
      if (!isLimited(c)) return next();
      const refusal = guard.refuse(c);
      if (refusal === undefined) await next();
      const error = refusal ?? (await guard.afterAnswer(c));
      if (error !== undefined) answerWith(c, renderError(c, error));
      const headers = formatRateLimits(c.get('rateLimits'));
      for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
    },
    after: async (c, next) => {
      if (isLimited(c)) for (const count of countsOf(c, limits)) admit(c, await count());
      await next();
    },
  };
}

/** Failed authentication by address: beyond the limit an address with a token waits, and costs nothing while it does. */
class FailureGuard {
  private readonly limits: RateLimits;
  private readonly blocked = new BlockedAddresses();

  constructor(limits: RateLimits) {
    this.limits = limits;
  }

  /** The error for a caller that has to wait. */
  refuse(c: Context<AppEnv>): AppError | undefined {
    const address = clientAddress(c.req.raw.headers);
    if (address === undefined || c.req.header('authorization') === undefined) return undefined;
    const waitMs = this.blocked.waitMs(address, Date.now());
    if (waitMs === 0) return undefined;
    const left = { remaining: 0, resetSeconds: Math.ceil(waitMs / 1000) };
    return noteUse(c, { policy: this.limits.policies.authFailures, allowed: false, left });
  }

  /** Counts a token that was not valid; the error when it was one too many. */
  async afterAnswer(c: Context<AppEnv>): Promise<AppError | undefined> {
    const address = clientAddress(c.req.raw.headers);
    const hasFailed = isAppError(c.error) && c.error.code === 'auth.invalid_token';
    if (address === undefined || !hasFailed) return undefined;
    const counted = await this.limits.exactly(this.limits.policies.authFailures, address);
    const error = noteUse(c, counted);
    const waitMs = (counted.left?.resetSeconds ?? 0) * 1000;
    if (error !== undefined) this.blocked.block(address, Date.now() + waitMs);
    return error;
  }
}

/** Every limit that the request comes under, the cheapest first. */
function countsOf(c: Context<AppEnv>, limits: RateLimits): (() => Promise<Counted>)[] {
  const { policies } = limits;
  const { path, method } = c.req;
  const principal = c.get('principal');
  const address = clientAddress(c.req.raw.headers);
  const counts: (() => Promise<Counted>)[] = [];
  if (principal !== undefined) {
    const { tokenId } = principal;
    counts.push(() => limits.roughly(policies.token, c.env.RATE_LIMIT_TOKEN, tokenId));
  } else if (address !== undefined) {
    counts.push(() => limits.roughly(policies.address, c.env.RATE_LIMIT_ADDRESS, address));
  }
  if (method !== 'POST') return counts;
  if (path === TOKEN_EXCHANGE && address !== undefined)
    counts.push(() => limits.exactly(policies.tokenExchanges, address));
  if (principal !== undefined && MAKES_UPLOAD.test(path))
    counts.push(() => limits.exactly(policies.uploads, principal.accountId));
  return counts;
}

function admit(c: Context<AppEnv>, counted: Counted): void {
  const error = noteUse(c, counted);
  if (error !== undefined) throw error;
}

/** Keeps the use for the headers; the error when it was refused. */
function noteUse(c: Context<AppEnv>, counted: Counted): AppError | undefined {
  c.set('rateLimits', [...c.get('rateLimits'), counted]);
  return counted.allowed ? undefined : tooManyCalls(counted);
}

/** Instead of what was answered, headers of that answer included. */
function answerWith(c: Context<AppEnv>, response: Response): void {
  c.res = undefined;
  c.res = response;
}
