import type { OpenAPIHono } from '@hono/zod-openapi';

import type { AppEnv } from '../../src/http/app-env.ts';
import type { Config } from '../../src/kernel/config.ts';

const API_VERSION = '1.0.0';

/** Serves OpenAPI 3.1, generated from the route schemas, at `/openapi.json`. */
export function describeApi(app: OpenAPIHono<AppEnv>, config: Config): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API token, or the access token that POST /api/v1/auth/token gives for one.',
  });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'StreamGate',
      version: API_VERSION,
      description:
        'Upload, transcode and protected playback. Paths under /client/v4 have the shape of the Cloudflare Stream API.',
    },
    servers: [{ url: config.PUBLIC_URL }],
    security: [{ bearer: [] }],
  });
}
