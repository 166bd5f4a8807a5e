import { describe, expect, test } from 'vitest';

import { parseConfig } from '../../src/kernel/config.ts';

const GOOD = {
  APP_MODE: 'monolith',
  APP_SERVICE_NAME: 'streamgate',
  APP_PLUGINS: 'all',
  APP_ENVIRONMENT: 'production',
  PUBLIC_URL: 'https://video.example.com/',
  LOG_LEVEL: 'info',
  TRANSCODER_URL: '',
  TRANSCODER_SLOTS: '2',
  UPLOAD_MAX_BYTES: '1000',
  UPLOAD_EXPIRY_SECONDS: '60',
  SOURCE_MAX_DURATION_SECONDS: '3600',
  KEY_ENCRYPTION_SECRET: 'c7a1f0e2b9d84635a0917fdc2be86453',
  TASK_TOKEN_SECRET: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
};

describe('parseConfig', () => {
  test('reads every key once', () => {
    const config = parseConfig(GOOD);
    expect(config.PUBLIC_URL).toBe('https://video.example.com');
    expect(config.APP_PLUGINS).toHaveLength(9);
    expect(config.TRANSCODER_SLOTS).toBe(2);
  });

  test.each([
    ['APP_MODE', 'cluster'],
    ['PUBLIC_URL', 'video.example.com'],
    ['TRANSCODER_SLOTS', 'many'],
    ['APP_PLUGINS', 'auth,strimming'],
    ['KEY_ENCRYPTION_SECRET', 'short'],
    ['TASK_TOKEN_SECRET', 'a'.repeat(64)],
  ])('a bad %s is named', (name, value) => {
    expect(() => parseConfig({ ...GOOD, [name]: value })).toThrow(name);
  });

  test('a missing secret is named, and several faults come together', () => {
    const { TASK_TOKEN_SECRET: _, ...rest } = GOOD;
    expect(() => parseConfig({ ...rest, LOG_LEVEL: 'loud' })).toThrow(
      /LOG_LEVEL.*TASK_TOKEN_SECRET/,
    );
  });
});
