import { partLength } from './plan-parts.ts';

/** How long a part stays claimed by a writer that is not heard of. */
export const CLAIM_LEASE_MS = 10_000;
/** A writer that has held a part for longer than this, and than its bytes take at the slowest rate, gives way to another. */
const LONGEST_HOLD_MS = 30_000;
const SLOWEST_BYTES_PER_MS = 128;
/** How long a finished upload still answers before its storage goes. */
export const RETENTION_MS = 24 * 60 * 60 * 1000;
/** Gives the caller's own request time to finish the work before the alarm takes over. */
const WATCH_MS = 15_000;
const BACK_OFF_MS = { first: 1000, most: 60_000 } as const;

export type CloseReason = 'aborted' | 'expired';

/** Where an upload stands. It moves down this list and never back; `closing` ends in `closed`, `completing` in either end. */
type UploadPhase =
  | { readonly kind: 'open' }
  | { readonly kind: 'completing'; readonly revision: string; readonly assembled: boolean }
  | { readonly kind: 'completed'; readonly revision: string; readonly at: number }
  | { readonly kind: 'closing'; readonly reason: CloseReason }
  | { readonly kind: 'closed'; readonly reason: CloseReason; readonly at: number };

/** What is fixed when an upload is made. A form's file has no size before it is read. */
export interface UploadPlan {
  readonly id: string;
  readonly uid: string;
  readonly accountId: string;
  readonly name: string;
  readonly partSizeBytes: number;
  readonly size?: { readonly sizeBytes: number; readonly partCount: number };
  /** Tells a repeat of the request that began it from another request with the same key. */
  readonly wishDigest?: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface UploadState extends UploadPlan {
  /** R2's id of the multipart upload; absent until it is begun. */
  readonly multipartId?: string;
  readonly phase: UploadPhase;
  /** Place in a trace of the request that completed it. */
  readonly traceparent?: string;
  /** Failed attempts to end the upload since the last success. */
  readonly failures: number;
}

export interface RecordedPart {
  readonly partNumber: number;
  readonly sizeBytes: number;
  readonly etag: string;
}

/** One part number: recorded, claimed, or neither. */
export interface PartSlot {
  readonly recorded?: RecordedPart;
  readonly claim?: {
    readonly claimId: string;
    readonly until: number;
    /** When this writer claimed it. */
    readonly since: number;
  };
}

export interface PartWish {
  readonly partNumber: number;
  readonly sizeBytes: number;
  readonly claimId: string;
}

export type PublicUploadState = 'open' | 'completing' | 'completed' | CloseReason;

export type Refusal =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'closed'; readonly state: PublicUploadState };

export type ClaimAnswer =
  | Refusal
  | { readonly kind: 'outside'; readonly partCount: number }
  | { readonly kind: 'wrong-length'; readonly expectedBytes: number }
  | { readonly kind: 'recorded'; readonly part: RecordedPart }
  | { readonly kind: 'busy'; readonly until: number }
  | {
      readonly kind: 'claimed';
      readonly uid: string;
      readonly multipartId: string;
      readonly until: number;
    };

export type RecordAnswer =
  | Refusal
  | { readonly kind: 'recorded'; readonly part: RecordedPart }
  /** Another writer owns the part now. */
  | { readonly kind: 'lost' };

export type CompleteDecision =
  | Refusal
  | { readonly kind: 'incomplete'; readonly missing: readonly number[] }
  | { readonly kind: 'go'; readonly state: UploadState };

export type CompleteAnswer =
  | Refusal
  | { readonly kind: 'incomplete'; readonly missing: readonly number[] }
  | { readonly kind: 'completed'; readonly uid: string; readonly revision: string };

/** An upload as its owner may see it. */
export interface UploadView {
  readonly plan: UploadPlan;
  readonly state: PublicUploadState;
  readonly parts: readonly RecordedPart[];
}

/** A new upload, open and without parts. */
export function openUpload(plan: UploadPlan): UploadState {
  return { ...plan, phase: { kind: 'open' }, failures: 0 };
}

/** The state as clients read it; an open upload past its time is expired even before the alarm has come. */
export function publicState(state: UploadState, now: number): PublicUploadState {
  const { phase } = state;
  if (phase.kind === 'closing' || phase.kind === 'closed') return phase.reason;
  if (phase.kind === 'open' && now >= state.expiresAt) return 'expired';
  return phase.kind;
}

/** Who may write a part: nobody if it is recorded, one writer at a time otherwise. */
export function decideClaim(
  state: UploadState,
  slot: PartSlot,
  wish: PartWish,
  now: number,
): ClaimAnswer {
  const shown = publicState(state, now);
  if (shown === 'aborted' || shown === 'expired') return { kind: 'closed', state: shown };
  const fault = checkLength(state, wish);
  if (fault !== undefined) return fault;
  if (slot.recorded !== undefined) return { kind: 'recorded', part: slot.recorded };
  if (shown !== 'open' || state.multipartId === undefined) return { kind: 'closed', state: shown };
  const { claim } = slot;
  if (claim !== undefined && claim.claimId !== wish.claimId && isHeld(claim, wish, now)) {
    return { kind: 'busy', until: claim.until };
  }
  const { uid, multipartId } = state;
  return { kind: 'claimed', uid, multipartId, until: now + CLAIM_LEASE_MS };
}

/**
 * A lease is renewed as long as its request is open, even when the client behind it has vanished and nothing comes any
 * more. So somebody who asks for the part gets it once a client at work would have sent it.
 */
function isHeld(
  claim: NonNullable<PartSlot['claim']>,
  { sizeBytes }: PartWish,
  now: number,
): boolean {
  const longestMs = LONGEST_HOLD_MS + sizeBytes / SLOWEST_BYTES_PER_MS;
  return claim.until > now && now - claim.since < longestMs;
}

/** Whether a written part counts. Only the writer that still holds the claim is believed, even when its lease has run out. */
export function decideRecord(
  state: UploadState,
  slot: PartSlot,
  part: RecordedPart & { readonly claimId: string },
  now: number,
): RecordAnswer {
  const shown = publicState(state, now);
  if (shown !== 'open') return { kind: 'closed', state: shown };
  if (slot.recorded?.etag === part.etag) return { kind: 'recorded', part: slot.recorded };
  if (slot.recorded !== undefined || slot.claim?.claimId !== part.claimId) return { kind: 'lost' };
  const { partNumber, sizeBytes, etag } = part;
  return { kind: 'recorded', part: { partNumber, sizeBytes, etag } };
}

/** The part numbers that have not come yet. */
export function missingParts(state: UploadState, recorded: readonly number[]): readonly number[] {
  const have = new Set(recorded);
  const numbers = Array.from({ length: state.size?.partCount ?? 0 }, (_, index) => index + 1);
  return numbers.filter((partNumber) => !have.has(partNumber));
}

/** Begins the completion: fixes the revision once, so that every repeat leads to the same run. */
export function decideComplete(
  state: UploadState,
  recorded: readonly number[],
  revision: string,
  now: number,
): CompleteDecision {
  const shown = publicState(state, now);
  if (shown === 'completing' || shown === 'completed') return { kind: 'go', state };
  if (shown !== 'open') return { kind: 'closed', state: shown };
  const missing = missingParts(state, recorded);
  if (missing.length > 0 || state.size === undefined) return { kind: 'incomplete', missing };
  return {
    kind: 'go',
    state: { ...state, phase: { kind: 'completing', revision, assembled: false }, failures: 0 },
  };
}

/** Ends an open upload without a file; a later state stays as it is. */
export function closeUpload(state: UploadState, reason: CloseReason): UploadState {
  if (state.phase.kind !== 'open') return state;
  return { ...state, phase: { kind: 'closing', reason }, failures: 0 };
}

/** Ends what has had its time: an open upload, and one whose parts R2 has refused to join for a day longer. */
export function expireUpload(state: UploadState, now: number): UploadState {
  if (now < state.expiresAt) return state;
  const { phase } = state;
  const stuck = phase.kind === 'completing' && !phase.assembled;
  if (stuck && now >= state.expiresAt + RETENTION_MS) {
    return { ...state, phase: { kind: 'closing', reason: 'aborted' }, failures: 0 };
  }
  return closeUpload(state, 'expired');
}

/** Moves the end of an open upload; a later state, or one past its end, stays as it is. */
export function moveExpiry(state: UploadState, expiresAt: number, now: number): UploadState {
  return publicState(state, now) === 'open' ? { ...state, expiresAt } : state;
}

/** Fixes the size of a file whose end has been read; a size that is fixed stays. */
export function sealSize(state: UploadState, sizeBytes: number): UploadState {
  if (state.phase.kind !== 'open' || state.size !== undefined) return state;
  return { ...state, size: { sizeBytes, partCount: Math.ceil(sizeBytes / state.partSizeBytes) } };
}

/** When the object must look at this upload again. */
export function nextAlarm(state: UploadState, now: number): number {
  const { phase } = state;
  if (phase.kind === 'open') return Math.max(state.expiresAt, now);
  if (phase.kind === 'completed' || phase.kind === 'closed') return phase.at + RETENTION_MS;
  if (state.failures === 0) return now + WATCH_MS;
  return now + Math.min(BACK_OFF_MS.most, BACK_OFF_MS.first * 2 ** (state.failures - 1));
}

/** True when a finished upload has answered long enough. */
export function isForgettable(state: UploadState, now: number): boolean {
  const { phase } = state;
  return (phase.kind === 'completed' || phase.kind === 'closed') && now >= phase.at + RETENTION_MS;
}

function checkLength(state: UploadState, wish: PartWish): ClaimAnswer | undefined {
  const { partSizeBytes, size } = state;
  if (size === undefined) {
    return wish.sizeBytes <= partSizeBytes
      ? undefined
      : { kind: 'wrong-length', expectedBytes: partSizeBytes };
  }
  const expectedBytes = partLength({ partSizeBytes, ...size }, wish.partNumber);
  if (expectedBytes === undefined) return { kind: 'outside', partCount: size.partCount };
  return expectedBytes === wish.sizeBytes ? undefined : { kind: 'wrong-length', expectedBytes };
}
