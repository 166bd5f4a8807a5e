import { describe, expect, test } from 'vitest';

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
