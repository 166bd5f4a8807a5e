import { DrizzleQueryError } from 'drizzle-orm/errors';

import { AppError } from '../../src/contracts/errors.ts';

/** The query's answer. A failure is told without the query: its parameters are token hashes and sealed keys. */
export async function guardQuery<T>(query: PromiseLike<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    const cause = error instanceof DrizzleQueryError ? error.cause : error;
    throw new AppError(
      'service.unavailable',
      'Tokens and keys cannot be looked up at the moment. Try again shortly.',
      { retryAfterSeconds: 5 },
      cause,
    );
  }
}
