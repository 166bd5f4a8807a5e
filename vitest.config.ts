import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

import { findNativeEngine } from './containers/transcoder/native-engine.ts';

const TEST_SECRETS = {
  KEY_ENCRYPTION_SECRET: 'test-key-encryption-secret-0123456789abcdef',
  TASK_TOKEN_SECRET: 'test-task-token-secret-0123456789abcdefghij',
};

/** Tests whose clips and checks are made with an installed ffmpeg. */
const NEED_FFMPEG = [
  'audio',
  'bad-input',
  'codecs',
  'hostile',
  'image',
  'package',
  'process',
  'sandbox',
  'server',
  'storyboard',
  'video',
]
  .map((name) => `test/unit/encoder-${name}.test.ts`)
  .concat('test/corpus/**', 'test/torture/**');

/** Without ffmpeg the encoder is tested with its WebAssembly engine only; CI has ffmpeg or fails. */
async function withoutFfmpeg(): Promise<string[]> {
  if ((await findNativeEngine()) !== undefined) return [];
  if (process.env['CI']) throw new Error('CI needs an installed ffmpeg');
  console.warn(`ffmpeg is not installed, so these tests are left out: ${NEED_FFMPEG.join(', ')}`);
  return NEED_FFMPEG;
}

export default defineConfig(async () => ({
  test: {
    // Without ffmpeg the whole corpus is left out.
    passWithNoTests: true,
    // By default one core is left free, which on two cores is half of the machine.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: await withoutFfmpeg(),
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'torture',
          include: ['test/torture/**/*.test.ts'],
          exclude: await withoutFfmpeg(),
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'corpus',
          include: ['test/corpus/**/*.test.ts'],
          exclude: await withoutFfmpeg(),
          testTimeout: 120_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                ...TEST_SECRETS,
                LOG_LEVEL: 'error',
                RATE_LIMITS: 'off',
                TEST_MIGRATIONS: await readD1Migrations('./migrations'),
              },
              // Few enough to be reached by a test; RATE_LIMITS is off for all others.
              ratelimits: {
                RATE_LIMIT_TOKEN: { namespace_id: '1001', simple: { limit: 3, period: 60 } },
                RATE_LIMIT_ADDRESS: { namespace_id: '1002', simple: { limit: 3, period: 60 } },
              },
            },
          }),
        ],
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/build-page.ts'],
          setupFiles: ['test/integration/setup.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'operations',
          include: ['test/e2e/operations/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'services-only',
          include: ['test/e2e/services-only/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/*.test.ts'],
          globalSetup: ['test/e2e/shared-platform.ts'],
          fileParallelism: false,
          maxConcurrency: 3,
          testTimeout: 300_000,
          // Nine Workers take longer to start than one.
          hookTimeout: 300_000,
        },
      },
    ],
  },
}));
