import { OpenAPIHono } from '@hono/zod-openapi';
import type { z } from '@hono/zod-openapi';

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
export function invalidRequest(issues: readonly z.core.$ZodIssue[]): AppError {
  const errors = issues.flatMap(faultsOf);
  const [first] = errors;
  if (first === undefined) return new AppError('request.invalid', 'The request is not valid.');
  const sentence = `${first.pointer.slice(1) || 'body'}: ${first.message}`;
  return new AppError('request.invalid', sentence, { errors, pointer: first.pointer });
}

function faultsOf(issue: z.core.$ZodIssue): { pointer: string; message: string }[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys')
    return [{ pointer: `/${path.join('/')}`, message: issue.message }];
  return issue.keys.map((key) => ({
    pointer: `/${[...path, key].join('/')}`,
    message: "cannot be set here: there is no such field, or it is the server's own",
  }));
}
