import { describe, expect, test } from 'vitest';

import { allowedOriginsSchema } from '../../src/contracts/video-settings.ts';
import { isOriginAllowed } from '../../workers/streaming/allowed-origins.ts';

const url = 'https://gate.test/x/manifest/video.m3u8';

describe('allowedOrigins', () => {
  test.each([
    [['example.com'], 'https://example.com', true],
    [['Example.com'], 'https://EXAMPLE.com', true],
    [['example.com'], 'https://example.com:8443', true],
    [['example.com:8443'], 'https://example.com:8443', true],
    [['example.com:8443'], 'https://example.com', false],
    [['example.com'], 'https://www.example.com', false],
    [['example.com'], 'https://badexample.com', false],
    [['example.com'], 'https://example.com.evil.test', false],
    [['*.example.com'], 'https://a.b.example.com', true],
    [['*.example.com'], 'https://example.com', false],
    [['*.example.com'], 'https://badexample.com', false],
    [['localhost:3000'], 'http://localhost:3000', true],
    [['localhost'], 'http://localhost:3000', false],
    [['*.example.com:8080'], 'https://www.example.com:8080', true],
    [['*.example.com:8080'], 'https://www.example.com', false],
    [['*.example.com:8080'], 'https://example.com:8080', false],
    [['example.com:443'], 'https://example.com', true],
    [['example.com:443'], 'http://example.com', false],
    [['example.com:80'], 'http://example.com', true],
    [['localhost:80'], 'http://localhost', true],
    [['one.test', 'two.test'], 'https://two.test', true],
    [['example.com'], 'null', false],
    [['example.com'], 'file://example.com', false],
    [['example.com'], 'example.com', false],
    [[], 'https://anything.test', true],
  ])('%j and Origin %s: %s', (allowed, origin, expected) => {
    expect(isOriginAllowed(allowed, { origin, url })).toBe(expected);
  });

  test('are checked against the Referer where there is no Origin', () => {
    const allowed = ['example.com'];
    expect(isOriginAllowed(allowed, { referer: 'https://example.com/page?x', url })).toBe(true);
    expect(isOriginAllowed(allowed, { referer: 'https://evil.test/example.com', url })).toBe(false);
    const both = { origin: 'https://evil.test', referer: 'https://example.com/', url };
    expect(isOriginAllowed(allowed, both)).toBe(false);
  });

  test('refuse a request that names no page', () => {
    expect(isOriginAllowed(['example.com'], { url })).toBe(false);
    expect(isOriginAllowed([], { url })).toBe(true);
  });

  test('let our own page play only where our own host is listed', () => {
    const own = { fetchSite: 'same-origin', url };
    expect(isOriginAllowed(['gate.test'], own)).toBe(true);
    expect(isOriginAllowed(['example.com'], own)).toBe(false);
    expect(isOriginAllowed(['gate.test'], { fetchSite: 'cross-site', url })).toBe(false);
  });
});

describe('allowedOriginsSchema', () => {
  test.each([
    ['example.com', true],
    ['*.example.com:8080', true],
    ['example.com:65535', true],
    ['example.com:65536', false],
    ['example.com:0', false],
    ['example.com:080', false],
    ['https://example.com', false],
    ['*', false],
  ])('takes %s: %s', (entry, expected) => {
    expect(allowedOriginsSchema.safeParse([entry]).success).toBe(expected);
  });
});
