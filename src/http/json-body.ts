import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { every } from 'hono/combine';

import { AppError } from '../contracts/errors.ts';
import type { AppEnv } from './app-env.ts';

const MAX_JSON_BYTES = 64 * 1024;

/** For routes with a small JSON body: refuses what is too large or not JSON; an empty body counts as none. */
export function jsonBody(): MiddlewareHandler<AppEnv> {
  const limit = bodyLimit({
    maxSize: MAX_JSON_BYTES,
    onError: () => {
      throw new AppError('request.too_large', `The body may have ${MAX_JSON_BYTES} bytes.`);
    },
  });
  return every(limit, readJson);
}

const readJson: MiddlewareHandler<AppEnv> = async (c, next) => {
  const text = await c.req.text();
  if (text.trim() === '') c.req.raw = withoutBody(c.req.raw);
  else requireJson(c.req.header('content-type') ?? '', text);
  await next();
};

/** The validator behind would parse an empty body that claims to be JSON. */
function withoutBody(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete('content-type');
  return new Request(request.url, { method: request.method, headers, signal: request.signal });
}

function requireJson(contentType: string, text: string): void {
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType)) {
    throw new AppError('request.invalid', 'Send the body as "Content-Type: application/json".', {
      pointer: 'content-type',
    });
  }
  try {
    JSON.parse(text);
  } catch (error) {
    throw new AppError('request.invalid', 'The body is not valid JSON.', {}, error);
  }
}
