import type { JWK } from 'jose';

import { openText, sealText } from '../../src/http/sealed-text.ts';
import type { Seal } from '../../src/http/sealed-text.ts';

/** A private key as it is stored: sealed under the secret, bound to the key's id. */
export async function sealPrivateKey(secret: string, keyId: string, jwk: JWK): Promise<string> {
  return sealText(sealOf(secret, keyId), JSON.stringify(jwk));
}

/** The private key again. Throws when the secret is another one than it was sealed with, or the text was changed. */
export async function openPrivateKey(secret: string, keyId: string, sealed: string): Promise<JWK> {
  try {
    return JSON.parse(await openText(sealOf(secret, keyId), sealed)) as JWK;
  } catch (error) {
    throw new Error(
      `KEY_ENCRYPTION_SECRET does not open the signing key ${keyId}. Put the former secret back, or rotate the keys.`,
      { cause: error },
    );
  }
}

function sealOf(secret: string, keyId: string): Seal {
  return { secret, purpose: 'signing key seal v1', boundTo: keyId };
}
