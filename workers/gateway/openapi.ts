import type { OpenAPIHono } from '@hono/zod-openapi';

import type { AppEnv } from '../../src/http/app-env.ts';
import { API_DESCRIPTION_PATH, forwardRequest } from '../../src/http/forwarded-call.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import type { RemoteService } from '../../src/kernel/service-directory.ts';

const API_VERSION = '1.0.0';
const DESCRIPTION_DEADLINE_MS = 5000;
/** Paths that need no token. */
const OPEN = /^\/(health|ready|\.well-known|api\/v1\/services|\{id\})/;

const PROBLEM = {
  type: 'object',
  description: 'RFC 9457',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'noun.reason, such as upload.incomplete' },
    detail: { type: 'string', description: 'What happened and what to do' },
    requestId: { type: 'string' },
    pointer: { type: 'string', description: 'The field or header at fault' },
    errors: { type: 'array', items: { type: 'object' } },
  },
} as const;

const STREAM_ERROR = {
  type: 'object',
  properties: {
    success: { type: 'boolean', const: false },
    errors: { type: 'array', items: { type: 'object' } },
    messages: { type: 'array', items: {} },
    result: { type: 'null' },
  },
} as const;

/** Serves OpenAPI 3.1, generated from the route schemas, at `/openapi.json`. */
export function describeApi(app: OpenAPIHono<AppEnv>, { config, services }: ServiceContext): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API token, or the access token that POST /api/v1/auth/token gives for one.',
  });
  app.get('/openapi.json', async (c) => {
    const own = app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'StreamGate',
        version: API_VERSION,
        description:
          'Upload, transcode and protected playback. Paths under /client/v4 have the shape of the Cloudflare Stream API.',
      },
      servers: [{ url: config.PUBLIC_URL }],
    });
    const parts = await Promise.all([...services.remotes.values()].map(describeRemote));
    const document = parts.reduce(joinDocuments, own);
    return c.json({ ...document, paths: withErrors(document.paths ?? {}) });
  });
}

/** What the routes of another Worker take; nothing while it does not answer. */
async function describeRemote(service: RemoteService): Promise<Document> {
  try {
    const address = `https://${service.name}${API_DESCRIPTION_PATH}`;
    const response = await service.fetch(
      (context) => forwardRequest(new Request(address), { context }),
      DESCRIPTION_DEADLINE_MS,
    );
    return await response.json<Document>();
  } catch {
    // The link has logged why; the rest of the description stands.
    return {};
  }
}

function joinDocuments<Whole extends Document>(whole: Whole, part: Document): Whole {
  const schemas = { ...whole.components?.schemas, ...part.components?.schemas };
  const components = { ...whole.components, schemas };
  return { ...whole, paths: { ...whole.paths, ...part.paths }, components };
}

/** The parts of an OpenAPI document that services fill. */
interface Document {
  readonly paths?: object;
  readonly components?: { readonly schemas?: object };
}

type Operation = Readonly<Record<string, unknown>>;

/** Says of every operation whether it needs a token and what its errors look like. */
function withErrors(paths: object): Record<string, Record<string, Operation>> {
  return mapValues(paths as Record<string, Record<string, Operation>>, (operations, path) =>
    mapValues(operations, (operation) => ({
      ...operation,
      security: OPEN.test(path) ? [] : [{ bearer: [] }],
      responses: { ...(operation['responses'] as object), default: errorOf(path) },
    })),
  );
}

function errorOf(path: string): Operation {
  const content = path.startsWith('/client/')
    ? { 'application/json': { schema: STREAM_ERROR } }
    : { 'application/problem+json': { schema: PROBLEM } };
  return {
    description: 'Refused: 400, 401, 403, 404, 409, 413, 422, 424, 429; failed: 500, 503',
    content,
  };
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From, key: string) => To,
): Record<string, To> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, change(value, key)]),
  );
}
