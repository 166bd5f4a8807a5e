import { createHash, randomBytes } from 'node:crypto';

/** A new API token: 256 random bits. It is shown once and kept nowhere. */
export function createApiTokenText(): string {
  return `sg_${randomBytes(32).toString('base64url')}`;
}

/** What is stored of an API token: SHA-256 in lower-case hex. */
export function hashApiToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
