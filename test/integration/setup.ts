import { applyD1Migrations, reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach } from 'vitest';

import { seedAccount } from './accounts.ts';

if (!navigator.userAgent.includes('Cloudflare'))
  throw new Error('integration tests must run in workerd');

beforeEach(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
  await seedAccount();
});

afterEach(reset);
