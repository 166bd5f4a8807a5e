import { exportJWK, generateKeyPair } from 'jose';

import { createId } from '../../src/contracts/ids.ts';
import { UNPUBLISHED } from './key-schedule.ts';
import type { KeyKind } from './key-schedule.ts';
import type { KeyOwner, SigningKeyRow } from './key-store.ts';
import { sealPrivateKey } from './sealed-key.ts';

/** Access tokens are ours alone; playback tokens must have the form that clients of Stream know. */
export const KEY_ALGORITHMS = { access: 'EdDSA', playback: 'RS256' } as const satisfies Record<
  KeyKind,
  string
>;

/** A fresh key pair as a row that is not published yet; the private half leaves this function sealed only. */
export async function generateSigningKey(
  owner: KeyOwner,
  secret: string,
  now: number,
): Promise<SigningKeyRow> {
  const alg = KEY_ALGORITHMS[owner.kind];
  const id = createId('key', now);
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    id,
    kind: owner.kind,
    accountId: owner.accountId,
    publicJwk: { ...(await exportJWK(publicKey)), kid: id, alg, use: 'sig' },
    sealedPrivateJwk: await sealPrivateKey(secret, id, await exportJWK(privateKey)),
    createdAt: now,
    signsFrom: UNPUBLISHED,
    verifiesUntil: null,
  };
}
