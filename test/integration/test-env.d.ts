import type { D1Migration } from 'cloudflare:test';

declare global {
  namespace Cloudflare {
    interface Env {
      TEST_MIGRATIONS: D1Migration[];
      KEY_ENCRYPTION_SECRET: string;
      TASK_TOKEN_SECRET: string;
    }
  }
}
