import { ACCESS_TOKEN_LIFE_SECONDS } from '../../src/http/access-token.ts';
import { PLAYBACK_TOKEN_MAX_LIFE_SECONDS } from '../../src/http/playback-token.ts';

export type KeyKind = 'access' | 'playback';
export type KeyState = 'published' | 'signing' | 'verifying' | 'retired';

/** The times (ms) that decide what a key may do. */
export interface KeyTimes {
  readonly id: string;
  readonly createdAt: number;
  readonly signsFrom: number;
  readonly verifiesUntil?: number | null;
}

/** `signsFrom` of a key that not every verifier can find yet. */
export const UNPUBLISHED = Number.MAX_SAFE_INTEGER;

/** A new key waits until every cache of public keys (60 s at most) has it, with as much again to spare. */
export const LEAD_MS = 120_000;

/** Beyond the last token's life: clocks that differ, and a verifier's leeway. */
const SLACK_MS = 60_000;

const TOKEN_LIFE_MS: Readonly<Record<KeyKind, number>> = {
  access: ACCESS_TOKEN_LIFE_SECONDS * 1000,
  playback: PLAYBACK_TOKEN_MAX_LIFE_SECONDS * 1000,
};

/** The key that signs at `now`: the newest whose time has come. Undefined when there is none yet. */
export function chooseSigner<Key extends KeyTimes>(
  keys: readonly Key[],
  now: number,
): Key | undefined {
  return keys
    .filter((key) => key.signsFrom <= now && isVerifying(key, now))
    .toSorted((a, b) => b.signsFrom - a.signsFrom || b.id.localeCompare(a.id))
    .at(0);
}

/** The keys whose signatures count at `now`, also those that do not sign yet. */
export function chooseVerifying<Key extends KeyTimes>(keys: readonly Key[], now: number): Key[] {
  return keys.filter((key) => isVerifying(key, now));
}

/** From when a key signs that is published at `now`: at once when it is the only one, otherwise after the lead. */
export function planSigningStart(keys: readonly KeyTimes[], now: number): number {
  return chooseSigner(keys, now) === undefined ? now : now + LEAD_MS;
}

/** Until when the old keys verify when a new one signs from `signsFrom`: the last token they signed is over then. */
export function planVerifyingEnd(kind: KeyKind, signsFrom: number): number {
  return signsFrom + TOKEN_LIFE_MS[kind] + SLACK_MS;
}

/** What the key is doing at `now`, for people. */
export function describeKeyState(key: KeyTimes, keys: readonly KeyTimes[], now: number): KeyState {
  if (!isVerifying(key, now)) return 'retired';
  if (key.signsFrom > now) return 'published';
  return chooseSigner(keys, now)?.id === key.id ? 'signing' : 'verifying';
}

function isVerifying(key: KeyTimes, now: number): boolean {
  return (key.verifiesUntil ?? Infinity) > now;
}
