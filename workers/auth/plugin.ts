import { sql } from 'drizzle-orm';

import type { ServiceContext, ServicePlugin } from '../../src/kernel/service-context.ts';
import { authRoutes } from './routes.ts';
import { AuthService } from './service.ts';
import { SigningKeys } from './signing-keys.ts';

const PRUNE_EVERY_MS = 3600 * 1000;

/** Tokens in and out: API tokens, access tokens, playback tokens and the keys that sign them. */
export function createAuth(): ServicePlugin {
  let context: ServiceContext | undefined;
  return {
    name: 'auth',
    version: '0.1.0',
    init(given) {
      context = given;
      const { db, env, config, services, contributions } = given;
      const keys = new SigningKeys({ db, bucket: env.MEDIA, secret: config.KEY_ENCRYPTION_SECRET });
      const auth = new AuthService({ db, keys, issuer: config.PUBLIC_URL });
      services.provide('auth', auth);
      contributions.routes.push(...authRoutes(given, auth, keys));
      contributions.jobs.push({
        name: 'auth.prune-keys',
        everyMs: PRUNE_EVERY_MS,
        run: async (now) => {
          await keys.prune(now);
          return false;
        },
      });
    },
    health: async () => {
      await context?.db.run(sql`SELECT 1 FROM api_tokens LIMIT 1`);
      return { status: 'up' };
    },
  };
}
