import type { SessionStub } from './session-stub.ts';

const RENEW_MS = 3000;

/** A writer's hold on one part: renewed while it writes, and a signal that it must stop. */
export interface PartLease {
  readonly signal: AbortSignal;
  stop(): void;
}

/** Keeps a claim alive. The signal fires when the claim is lost, or could be, because nobody answered until it ran out. */
export function keepLease(
  session: SessionStub,
  claim: { readonly partNumber: number; readonly claimId: string; readonly until: number },
): PartLease {
  const lost = new AbortController();
  let until: number | undefined = claim.until;
  const renew = async (): Promise<void> => {
    try {
      until = await session.renew(claim.partNumber, claim.claimId);
    } catch {
      // Not heard is not lost: the next turn asks again while the lease lasts.
    }
    if (until === undefined || Date.now() >= until) lost.abort();
  };
  const timer = setInterval(() => void renew(), RENEW_MS);
  return { signal: lost.signal, stop: () => clearInterval(timer) };
}
