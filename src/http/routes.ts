import { OpenAPIHono } from '@hono/zod-openapi';

import { AppError } from '../contracts/errors.ts';
import type { AppEnv } from './app-env.ts';

/** A router whose request schemas refuse bad input with `request.invalid`, naming every field by JSON pointer. */
export function createRouter(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      throw invalidRequest(result.error.issues);
    },
  });
}

/** Turns zod issues into the error that names the fields at fault. */
export function invalidRequest(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): AppError {
  const errors = issues.map((issue) => ({
    pointer: `/${issue.path.map(String).join('/')}`,
    message: issue.message,
  }));
  const [first] = errors;
  const sentence =
    first === undefined
      ? 'The request is not valid.'
      : `${first.pointer.slice(1) || 'body'}: ${first.message}`;
  return new AppError('request.invalid', sentence, {
    errors,
    ...(first && { pointer: first.pointer }),
  });
}
