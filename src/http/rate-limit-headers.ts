/** So many calls in so many seconds. */
export interface RateLimitPolicy {
  /** Lower-case words with dashes; stands in the headers. */
  readonly name: string;
  readonly quota: number;
  readonly windowSeconds: number;
}

/** A policy that a request came under, and what is left of it where that is known. */
export interface RateLimitUse {
  readonly policy: RateLimitPolicy;
  readonly left?: { readonly remaining: number; readonly resetSeconds: number };
}

/**
 * `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers (structured fields), and of the policy with
 * least left the three `RateLimit-Limit`, `-Remaining` and `-Reset` of its older versions, which more clients know.
 */
export function formatRateLimits(uses: readonly RateLimitUse[]): Record<string, string> {
  if (uses.length === 0) return {};
  const counted = uses.flatMap(({ policy, left }) =>
    left === undefined ? [] : [{ policy, left }],
  );
  const [tightest] = counted.toSorted((a, b) => a.left.remaining - b.left.remaining);
  return {
    'ratelimit-policy': uses
      .map(
        ({ policy: { name, quota, windowSeconds } }) => `"${name}";q=${quota};w=${windowSeconds}`,
      )
      .join(', '),
    ...(tightest !== undefined && {
      ratelimit: counted
        .map(({ policy, left }) => `"${policy.name}";r=${left.remaining};t=${left.resetSeconds}`)
        .join(', '),
      'ratelimit-limit': String(tightest.policy.quota),
      'ratelimit-remaining': String(tightest.left.remaining),
      'ratelimit-reset': String(tightest.left.resetSeconds),
    }),
  };
}
