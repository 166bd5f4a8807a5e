import { SignJWT } from 'jose';
import { z } from 'zod';

import { AppError } from '../contracts/errors.ts';
import { deriveKeyBytes } from './derive-key.ts';
import { verifyTypedToken } from './typed-token.ts';
import type { TypedTokenKind } from './typed-token.ts';

/** The lease decides, at every request; this is its outer bound: a long download and the encode behind it. */
const TASK_TOKEN_LIFE_SECONDS = 3600;

const KIND: TypedTokenKind = {
  algorithm: 'HS256',
  typ: 'task+jwt',
  audience: 'task',
  issuer: 'transcoder',
  maxLifeSeconds: TASK_TOKEN_LIFE_SECONDS,
};

const claimsSchema = z.object({
  job: z.string().min(1),
  task: z.string().min(1),
  epoch: z.int().positive(),
});

/** One attempt of one task: all that the holder of its token may read and write. */
export interface TaskGrant {
  readonly jobId: string;
  readonly taskId: string;
  readonly epoch: number;
}

/** A token for one attempt of a task; `now` in ms, life at most an hour. */
export async function signTaskToken(
  secret: string,
  grant: TaskGrant,
  now: number,
  lifeSeconds: number = TASK_TOKEN_LIFE_SECONDS,
): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  return new SignJWT({ job: grant.jobId, task: grant.taskId, epoch: grant.epoch })
    .setProtectedHeader({ alg: KIND.algorithm, typ: KIND.typ })
    .setIssuer(KIND.issuer)
    .setAudience(KIND.audience)
    .setSubject(grant.jobId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.min(lifeSeconds, TASK_TOKEN_LIFE_SECONDS))
    .setJti(crypto.randomUUID())
    .sign(await taskKey(secret));
}

/** What the token permits at `now` (ms). Throws `auth.invalid_token` for anything that is not a valid task token. */
export async function verifyTaskToken(
  secret: string,
  token: string,
  now: number,
): Promise<TaskGrant> {
  const key = await taskKey(secret);
  const claims = claimsSchema.safeParse(await verifyTypedToken(token, KIND, () => key, now));
  if (!claims.success) {
    throw new AppError('auth.invalid_token', 'This is not a valid token for a transcoding task.');
  }
  const { job, task, epoch } = claims.data;
  return { jobId: job, taskId: task, epoch };
}

async function taskKey(secret: string): Promise<CryptoKey> {
  const bytes = await deriveKeyBytes(secret, 'task token v1');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
}
