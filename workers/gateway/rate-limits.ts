import { AppError } from '../../src/contracts/errors.ts';
import type { RateLimitPolicy, RateLimitUse } from '../../src/http/rate-limit-headers.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { withDeadline } from '../../src/kernel/with-deadline.ts';
import type { RateVerdict } from './rate-limit-state.ts';

/** A limiter that does not answer holds nobody up. */
const COUNT_DEADLINE_MS = 1000;

type Policies = Readonly<
  Record<'token' | 'address' | 'authFailures' | 'tokenExchanges' | 'uploads', RateLimitPolicy>
>;

/** A use of a policy that was granted or not. */
export interface Counted extends RateLimitUse {
  readonly allowed: boolean;
}

/** Counts calls: roughly by the platform's own limiter, exactly in a Durable Object. While a limiter fails, calls pass. */
export class RateLimits {
  readonly policies: Policies;
  private readonly context: ServiceContext;

  constructor(context: ServiceContext) {
    this.context = context;
    const { config } = context;
    this.policies = {
      token: perMinute('token', config.RATE_LIMIT_TOKEN_PER_MINUTE),
      address: perMinute('address', config.RATE_LIMIT_ADDRESS_PER_MINUTE),
      authFailures: perMinute('auth-failures', config.RATE_LIMIT_AUTH_FAILURES_PER_MINUTE),
      tokenExchanges: perMinute('token-exchanges', config.RATE_LIMIT_TOKEN_EXCHANGES_PER_MINUTE),
      uploads: { name: 'uploads', quota: config.RATE_LIMIT_UPLOADS_PER_HOUR, windowSeconds: 3600 },
    };
  }

  /** Counts for each location of the platform by itself. The platform does not say what is left. */
  async roughly(
    policy: RateLimitPolicy,
    limiter: RateLimit | undefined,
    key: string,
  ): Promise<Counted> {
    const { success } = await this.count(policy, async () => limiter?.limit({ key }), {
      success: true,
    });
    if (success) return { policy, allowed: true };
    const left = { remaining: 0, resetSeconds: policy.windowSeconds };
    return { policy, allowed: false, left };
  }

  /** One count for the whole world. */
  async exactly(policy: RateLimitPolicy, key: string): Promise<Counted> {
    const { quota, windowSeconds } = policy;
    const { RATE_LIMITER } = this.context.env;
    const take = async (): Promise<RateVerdict> =>
      RATE_LIMITER.getByName(`${policy.name}:${key}`).take(quota, windowSeconds * 1000);
    const verdict = await this.count<RateVerdict | undefined>(policy, take, undefined);
    if (verdict === undefined) return { policy, allowed: true };
    const { allowed, remaining, resetMs } = verdict;
    return { policy, allowed, left: { remaining, resetSeconds: Math.ceil(resetMs / 1000) } };
  }

  private async count<T>(
    { name }: RateLimitPolicy,
    ask: () => Promise<T | undefined>,
    otherwise: T,
  ): Promise<T> {
    try {
      return (await withDeadline(ask(), COUNT_DEADLINE_MS)) ?? otherwise;
    } catch (error) {
      this.context.logger.warn('rate_limit.count.failed', { policy: name, error });
      return otherwise;
    }
  }
}

/** The error for a call that a policy refuses. */
export function tooManyCalls({ policy, left }: RateLimitUse): AppError {
  const retryAfterSeconds = left?.resetSeconds ?? policy.windowSeconds;
  return new AppError(
    'request.rate_limited',
    `More than ${policy.quota} calls in ${policy.windowSeconds} s (${policy.name}). Try again in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  );
}

function perMinute(name: string, quota: number): RateLimitPolicy {
  return { name, quota, windowSeconds: 60 };
}
