import { AppError } from '../../src/contracts/errors.ts';
import type { AccessTokenSnapshot } from '../../src/contracts/service-apis.ts';
import type { Logger } from '../../src/kernel/logger.ts';
import { decideRefresh, isUsable } from './snapshot-freshness.ts';

const LOAD_DEADLINE_MS = 3000;

/** What this isolate knows of access tokens. Public keys and revoked ids only: nothing of a request. */
export class AccessSnapshot {
  private readonly load: () => Promise<AccessTokenSnapshot>;
  private readonly logger: Logger;
  private held: { readonly snapshot: AccessTokenSnapshot; readonly readAt: number } | undefined;
  private triedAt = -Infinity;

  constructor(load: () => Promise<AccessTokenSnapshot>, logger: Logger) {
    this.load = load;
    this.logger = logger;
  }

  /** The snapshot to judge a token with this key by. Throws `service.unavailable` when there is none that is usable. */
  async get(kid: string, now: number): Promise<AccessTokenSnapshot> {
    const knowsKey = this.held?.snapshot.keys.keys.some((key) => key.kid === kid) ?? false;
    const state = { readAt: this.held?.readAt, triedAt: this.triedAt, knowsKey };
    if (decideRefresh(state, now)) await this.refresh(now);
    if (this.held !== undefined && isUsable(this.held.readAt, now)) return this.held.snapshot;
    throw new AppError(
      'service.unavailable',
      'Access tokens cannot be checked at the moment. Try again shortly.',
      { retryAfterSeconds: 5 },
    );
  }

  // Each request that refreshes waits for its own read: a promise of one request must not be awaited by another.
  private async refresh(now: number): Promise<void> {
    this.triedAt = now;
    try {
      const snapshot = await withDeadline(this.load());
      // A slow read never replaces a later one.
      if (now >= (this.held?.readAt ?? -Infinity)) this.held = { snapshot, readAt: now };
    } catch (error) {
      this.logger.warn('access_snapshot.refresh.failed', { error });
    }
  }
}

async function withDeadline<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer within ${LOAD_DEADLINE_MS} ms`)),
      LOAD_DEADLINE_MS,
    );
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
