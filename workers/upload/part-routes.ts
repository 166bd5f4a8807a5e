import { createRoute, z } from '@hono/zod-openapi';
import type { OpenAPIHono } from '@hono/zod-openapi';

import { AppError } from '../../src/contracts/errors.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { requireScope } from '../../src/http/require-scope.ts';
import { createRouter } from '../../src/http/routes.ts';
import { drainBody } from './drain-body.ts';
import type { PartBody } from './pour-part.ts';
import type { UploadService } from './service.ts';
import { partSchema } from './upload-schemas.ts';

const putPart = createRoute({
  method: 'put',
  path: '/api/v1/uploads/{id}/parts/{partNumber}',
  tags: ['uploads'],
  summary: 'Send one part',
  description:
    'The body is the bytes of the part. Content-Length is required. Parts may come in any order and be repeated; a part that has arrived is never changed.',
  request: {
    params: z.object({
      id: z.string(),
      partNumber: z
        .string()
        .regex(/^\d{1,5}$/, 'must be a part number, counted from 1')
        .transform(Number)
        .openapi({ type: 'integer', example: 1 }),
    }),
    headers: z.object({
      'x-content-sha256': z
        .string()
        .regex(/^[0-9a-f]{64}$/i, 'must be the SHA-256 of the part in 64 hex digits')
        .optional(),
    }),
    body: {
      required: true,
      content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
    },
  },
  responses: {
    200: {
      description: 'The part is stored',
      content: { 'application/json': { schema: partSchema } },
    },
    409: { description: 'Another request is writing this part; see Retry-After' },
    411: { description: 'Content-Length is missing' },
    422: { description: 'Wrong number, length or checksum; nothing was kept' },
    503: { description: 'The storage did not take it; see Retry-After' },
  },
});

/** The bytes of an upload, one part a request. */
export function partRoutes(service: UploadService): OpenAPIHono<AppEnv> {
  const routes = createRouter();
  routes.openapi(putPart, async (c) => {
    const { accountId } = requireScope(c, 'uploads:write');
    const { id, partNumber } = c.req.valid('param');
    const body = toBody(c.req.raw, c.req.valid('header')['x-content-sha256']);
    const receipt = service.putPart(id, { accountId, partNumber, body });
    // The claim must be given back even when the client has gone and nobody waits for the answer.
    c.executionCtx.waitUntil(receipt.catch(() => undefined));
    try {
      return c.json(await receipt, 200);
    } finally {
      await drainBody(c.req.raw.body);
    }
  });
  return routes;
}

function toBody(request: Request, sha256: string | undefined): PartBody {
  const length = request.headers.get('content-length');
  if (length === null || !/^\d+$/.test(length)) {
    throw new AppError(
      'request.length_required',
      'Send the length of the part in Content-Length; a chunked body is not taken.',
      { pointer: 'Content-Length' },
    );
  }
  return {
    stream: request.body ?? new ReadableStream({ type: 'bytes', start: (end) => end.close() }),
    sizeBytes: Number(length),
    ...(sha256 !== undefined && { sha256: sha256.toLowerCase() }),
  };
}
