import { describe, expect, test } from 'vitest';
import { unstable_readConfig as readConfig } from 'wrangler';
import { z } from 'zod';

import { formatRateLimits } from '../../src/http/rate-limit-headers.ts';
import { clientAddress } from '../../workers/gateway/client-address.ts';
import { BlockedAddresses } from '../../workers/gateway/blocked-addresses.ts';
import { takeOne, UNUSED } from '../../workers/gateway/rate-limit-state.ts';
import type { RateState } from '../../workers/gateway/rate-limit-state.ts';

const NOW = 1_800_000_000_000;

/** Takes at the given times (ms after NOW); answers which were allowed. */
function takeAt(limit: { quota: number; windowMs: number }, times: readonly number[]): boolean[] {
  let state: RateState = UNUSED;
  return times.map((ms) => {
    const taken = takeOne(state, limit, NOW + ms);
    state = taken.state;
    return taken.verdict.allowed;
  });
}

describe('takeOne', () => {
  test.each([1, 3, 7, 20, 120, 3600, 6000])('lets exactly a quota of %i pass at once', (quota) => {
    const allowed = takeAt({ quota, windowMs: 60_000 }, Array(quota + 5).fill(0));
    expect(allowed.filter(Boolean)).toHaveLength(quota);
    expect(allowed.lastIndexOf(true)).toBe(quota - 1);
  });

  test('gives the quota back evenly', () => {
    const limit = { quota: 4, windowMs: 4000 };
    expect(takeAt(limit, [0, 0, 0, 0, 0, 999, 1000, 1000, 2000])).toEqual([
      ...[true, true, true, true, false, false, true, false, true],
    ]);
    expect(takeAt(limit, [0, 0, 0, 0, 4000, 4000, 4000, 4000, 4000])).toEqual([
      ...[true, true, true, true, true, true, true, true, false],
    ]);
  });

  test('says what is left and when it is whole again or passes again', () => {
    const limit = { quota: 2, windowMs: 2000 };
    const first = takeOne(UNUSED, limit, NOW);
    expect(first.verdict).toEqual({ allowed: true, remaining: 1, resetMs: 1000 });
    const second = takeOne(first.state, limit, NOW);
    expect(second.verdict).toEqual({ allowed: true, remaining: 0, resetMs: 2000 });
    const third = takeOne(second.state, limit, NOW + 400);
    expect(third.verdict).toEqual({ allowed: false, remaining: 0, resetMs: 600 });
    expect(third.state).toBe(second.state);
  });
});

describe('formatRateLimits', () => {
  const policy = { name: 'uploads', quota: 10, windowSeconds: 3600 };

  test('says nothing where nothing was counted', () => {
    expect(formatRateLimits([])).toEqual({});
  });

  test('names a policy whose rest is not known, and no rest', () => {
    expect(formatRateLimits([{ policy }])).toEqual({
      'ratelimit-policy': '"uploads";q=10;w=3600',
    });
  });

  test('the three older fields tell of the policy with least left', () => {
    const token = { name: 'token', quota: 600, windowSeconds: 60 };
    const uses = [
      { policy: token, left: { remaining: 599, resetSeconds: 1 } },
      { policy, left: { remaining: 3, resetSeconds: 2520 } },
    ];
    expect(formatRateLimits(uses)).toEqual({
      'ratelimit-policy': '"token";q=600;w=60, "uploads";q=10;w=3600',
      ratelimit: '"token";r=599;t=1, "uploads";r=3;t=2520',
      'ratelimit-limit': '10',
      'ratelimit-remaining': '3',
      'ratelimit-reset': '2520',
    });
  });
});

describe('clientAddress', () => {
  const of = (headers: Record<string, string>): string | undefined =>
    clientAddress(new Headers(headers));

  test('takes the address from the platform alone', () => {
    expect(of({ 'cf-connecting-ip': '203.0.113.9' })).toBe('203.0.113.9');
    const forged = {
      'x-forwarded-for': '198.51.100.1',
      'x-real-ip': '198.51.100.1',
      forwarded: 'for=198.51.100.1',
      'true-client-ip': '198.51.100.1',
    };
    expect(of(forged)).toBeUndefined();
    expect(of({ ...forged, 'cf-connecting-ip': '203.0.113.9' })).toBe('203.0.113.9');
  });

  test('counts an IPv6 network of 64 bits as one client, and a mapped IPv4 address as itself', () => {
    const one = of({ 'cf-connecting-ip': '2001:db8:1:2:3:4:5:6' });
    expect(of({ 'cf-connecting-ip': '2001:0db8:0001:0002:ffff::1' })).toBe(one);
    expect(of({ 'cf-connecting-ip': '2001:db8:1:3::1' })).not.toBe(one);
    expect(of({ 'cf-connecting-ip': '::ffff:203.0.113.9' })).toBe('203.0.113.9');
  });

  test.each(['', 'unknown', '203.0.113.9, 198.51.100.1'])('%j is no address', (text) => {
    expect(of({ 'cf-connecting-ip': text })).toBeUndefined();
  });
});

test('a blocked address waits for its time and no longer; old ones make room', () => {
  const blocked = new BlockedAddresses();
  blocked.block('a', NOW + 3000);
  expect(blocked.waitMs('a', NOW)).toBe(3000);
  expect(blocked.waitMs('a', NOW + 3000)).toBe(0);
  expect(blocked.waitMs('b', NOW)).toBe(0);
  for (let i = 0; i < 1000; i += 1) blocked.block(`other-${i}`, NOW + 3000);
  expect(blocked.waitMs('a', NOW)).toBe(0);
  expect(blocked.waitMs('other-0', NOW)).toBe(3000);
});

test("the limits that the Worker tells are those of the platform's limiters", () => {
  const limiter = z.object({ name: z.string(), simple: z.unknown() });
  const schema = z.object({
    vars: z.record(z.string(), z.unknown()),
    ratelimits: z.array(limiter),
  });
  const { vars, ratelimits } = schema.parse(readConfig({ config: 'wrangler.toml' }));
  const limits = new Map(ratelimits.map(({ name, simple }) => [name, simple]));
  for (const name of ['RATE_LIMIT_TOKEN', 'RATE_LIMIT_ADDRESS'])
    expect(limits.get(name)).toEqual({ limit: Number(vars[`${name}_PER_MINUTE`]), period: 60 });
});
