import type { DrizzleD1Database } from 'drizzle-orm/d1';
import { importJWK } from 'jose';

import { generateSigningKey, KEY_ALGORITHMS } from './generate-key.ts';
import { chooseSigner, planSigningStart, planVerifyingEnd, UNPUBLISHED } from './key-schedule.ts';
import { deleteKey, insertKey, listKeys, listRetiredKeys, startSigning } from './key-store.ts';
import type { KeyOwner, SigningKeyRow } from './key-store.ts';
import { publishPlaybackKeys } from './publish-playback-keys.ts';
import { openPrivateKey } from './sealed-key.ts';

/** How long a retired key stays listed. */
const KEEP_RETIRED_MS = 24 * 3600 * 1000;

export interface KeyParts {
  readonly db: DrizzleD1Database;
  readonly bucket: R2Bucket;
  readonly secret: string;
}

/** The signing keys of the platform and of the accounts: made on first need, sealed at rest, rotated with overlap. */
export class SigningKeys {
  private readonly parts: KeyParts;

  constructor(parts: KeyParts) {
    this.parts = parts;
  }

  /** The key that signs now. The first call for an owner makes one; callers at the same time get the same. */
  async getSigner(
    owner: KeyOwner,
    now: number,
  ): Promise<{ readonly id: string; readonly privateKey: CryptoKey }> {
    const row = await this.ensureSigner(owner, now);
    const { secret } = this.parts;
    const jwk = await openPrivateKey(secret, row.id, row.sealedPrivateJwk);
    const privateKey = await importJWK(jwk, KEY_ALGORITHMS[owner.kind], { extractable: false });
    if (privateKey instanceof Uint8Array) throw new Error(`signing key ${row.id} is symmetric`);
    return { id: row.id, privateKey };
  }

  /** Brings the next key in. A repeat while that one does not sign yet changes nothing. Answers all keys of the owner. */
  async rotate(owner: KeyOwner, now: number): Promise<SigningKeyRow[]> {
    await this.ensureSigner(owner, now);
    await insertKey(this.parts.db, await generateSigningKey(owner, this.parts.secret, now), false);
    await this.publish(owner, now);
    // Again, now that the elders have an end: the set carries it.
    if (owner.kind === 'playback') await publishPlaybackKeys(this.parts, owner.accountId, now);
    return listKeys(this.parts.db, owner);
  }

  /** Removes keys that verify nothing any more. */
  async prune(now: number): Promise<void> {
    const retired = await listRetiredKeys(this.parts.db, now - KEEP_RETIRED_MS);
    const playback = retired.filter(({ kind }) => kind === 'playback');
    // R2 first: while a row is there, an interrupted round is repeated.
    for (const accountId of new Set(playback.map((key) => key.accountId))) {
      await publishPlaybackKeys(this.parts, accountId, now);
    }
    for (const key of retired) await deleteKey(this.parts.db, key.id);
  }

  private async ensureSigner(owner: KeyOwner, now: number): Promise<SigningKeyRow> {
    const { db, secret } = this.parts;
    const known = chooseSigner(await listKeys(db, owner), now);
    if (known !== undefined) return known;
    await insertKey(db, await generateSigningKey(owner, secret, now), true);
    await this.publish(owner, now);
    // Another isolate whose clock is ahead may have started the key: what it set for "now" counts.
    const keys = await listKeys(db, owner);
    const signer = chooseSigner(keys, now) ?? keys.at(-1);
    if (signer === undefined) throw new Error(`no ${owner.kind} key could be made`);
    return signer;
  }

  /** Every verifier can find the key before it may sign: the row for access tokens, the R2 object for playback. */
  private async publish(owner: KeyOwner, now: number): Promise<void> {
    const keys = await listKeys(this.parts.db, owner);
    const fresh = keys.find((key) => key.signsFrom === UNPUBLISHED);
    if (fresh === undefined) return;
    if (owner.kind === 'playback') await publishPlaybackKeys(this.parts, owner.accountId, now);
    const signsFrom = planSigningStart(keys, now);
    const eldersVerifyUntil = planVerifyingEnd(owner.kind, signsFrom);
    await startSigning(this.parts.db, fresh, { signsFrom, eldersVerifyUntil });
  }
}
