import { describe, expect, test } from 'vitest';

import { accessRulesSchema, isViewerAllowed } from '../../src/http/playback-access-rules.ts';

const BLOCK_REST = { type: 'any', action: 'block' } as const;

function allows(network: string, ip: string): boolean {
  const rules = accessRulesSchema.parse([
    { type: 'ip.src', action: 'allow', ip: [network] },
    BLOCK_REST,
  ]);
  return isViewerAllowed(rules, { ip });
}

describe('isViewerAllowed', () => {
  test.each([
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.0/24', '::ffff:192.0.2.7', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['0.0.0.0/0', '203.0.113.1', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['::/0', '192.0.2.1', false],
    ['192.0.2.0/24', 'not an address', false],
  ])('%s holds %s: %s', (network, ip, expected) => {
    expect(allows(network, ip)).toBe(expected);
  });

  test('the first match wins and no match allows', () => {
    const block = accessRulesSchema.element.parse({
      type: 'ip.geoip.country',
      action: 'block',
      country: ['US'],
    });
    expect(isViewerAllowed([block], { country: 'us' })).toBe(false);
    expect(isViewerAllowed([block], { country: 'DE' })).toBe(true);
    expect(isViewerAllowed([{ type: 'any', action: 'allow' }, block], { country: 'US' })).toBe(
      true,
    );
    expect(isViewerAllowed([], {})).toBe(true);
  });
});

describe('accessRulesSchema', () => {
  test.each([
    '10.1',
    '0177.0.0.1',
    '0x7f.1',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/24/8',
    '::/129',
    'fe80::1%eth0',
    '',
  ])('refuses the network "%s"', (ip) => {
    const rule = { type: 'ip.src', action: 'allow', ip: [ip] };
    expect(accessRulesSchema.safeParse([rule]).success).toBe(false);
  });

  test.each([
    { type: 'ip.src', action: 'allow' },
    { type: 'ip.src', action: 'allow', ip: [] },
    { type: 'ip.geoip.country', action: 'allow', country: ['Germany'] },
    { type: 'any', action: 'challenge' },
  ])('refuses the rule %j', (rule) => {
    expect(accessRulesSchema.safeParse([rule]).success).toBe(false);
  });
});
