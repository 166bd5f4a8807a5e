import { describe, expect, test } from 'vitest';

import { redactPath } from '../../src/http/redact-path.ts';

const UID = 'ab'.repeat(16);
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_';

describe('redactPath', () => {
  test.each([
    [`/${TOKEN}/manifest/video.m3u8`, '/{token}/manifest/video.m3u8'],
    [`/${TOKEN}/iframe`, '/{token}/iframe'],
    [`/${TOKEN}/downloads/default.mp4`, '/{token}/downloads/default.mp4'],
    [`/${TOKEN}`, '/{token}'],
    [`//${TOKEN}/iframe`, '//{token}/iframe'],
    ['/eyJ.eyJ./iframe', '/{token}/iframe'],
    ['/opaque/watch', '/{token}/watch'],
  ])('cuts the token out of %s', (path, shown) => {
    expect(redactPath(path)).toBe(shown);
  });

  test.each([
    `/${UID}/manifest/video.m3u8`,
    `/${UID}/media/0123456789abcdefghjkmnpqrs/v720/12.m4s`,
    `/${UID}/iframe`,
    '/api/v1/uploads/upl_01hzz0000000000000000000xy/parts/3',
    '/assets/app.js',
    '/',
  ])('leaves %s', (path) => {
    expect(redactPath(path)).toBe(path);
  });
});
