/** Revocation holds within this time everywhere, plus one read. */
export const FRESH_MS = 30_000;
/** While auth or its database fails, the last good set serves this long. */
export const USABLE_MS = 300_000;
/** Neither an outage nor a stream of made-up key ids may become a stream of reads. */
export const RETRY_AFTER_MS = 3000;

export interface SnapshotState {
  /** When the held snapshot was read (ms); undefined when there is none. */
  readonly readAt: number | undefined;
  /** When a read was last begun. */
  readonly triedAt: number;
  readonly knowsKey: boolean;
}

/** True when the snapshot must be read again before a token is judged. */
export function decideRefresh(state: SnapshotState, now: number): boolean {
  const { readAt, triedAt, knowsKey } = state;
  if (readAt === undefined || !isUsable(readAt, now)) return true;
  if (knowsKey && now - readAt <= FRESH_MS) return false;
  return now - triedAt >= RETRY_AFTER_MS;
}

export function isUsable(readAt: number, now: number): boolean {
  return now - readAt <= USABLE_MS;
}
