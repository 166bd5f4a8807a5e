import type { OpenAPIHono } from '@hono/zod-openapi';

import type { AppEnv } from '../../src/http/app-env.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { exchangeRoutes } from './exchange-routes.ts';
import { keyRoutes } from './key-routes.ts';
import { playbackTokenRoutes } from './playback-token-routes.ts';
import type { AuthService } from './service.ts';
import type { SigningKeys } from './signing-keys.ts';
import { tokenRoutes } from './token-routes.ts';

/** All that auth answers over HTTP. */
export function authRoutes(
  context: ServiceContext,
  auth: AuthService,
  keys: SigningKeys,
): OpenAPIHono<AppEnv>[] {
  return [
    exchangeRoutes(auth),
    tokenRoutes(context.db),
    keyRoutes(context.db, keys),
    playbackTokenRoutes(context.services, keys),
  ];
}
