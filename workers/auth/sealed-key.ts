import { base64url } from 'jose';
import type { JWK } from 'jose';

import { deriveKeyBytes } from '../../src/http/derive-key.ts';

const IV_BYTES = 12;

/** A private key as it is stored: AES-256-GCM under the secret, bound to the key's id. */
export async function sealPrivateKey(secret: string, keyId: string, jwk: JWK): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: encode(keyId) },
    await sealingKey(secret),
    encode(JSON.stringify(jwk)),
  );
  return base64url.encode(new Uint8Array([...iv, ...new Uint8Array(sealed)]));
}

/** The private key again. Throws when the secret is another one than it was sealed with, or the text was changed. */
export async function openPrivateKey(secret: string, keyId: string, sealed: string): Promise<JWK> {
  const bytes = base64url.decode(sealed);
  try {
    const opened = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: bytes.slice(0, IV_BYTES), additionalData: encode(keyId) },
      await sealingKey(secret),
      bytes.slice(IV_BYTES),
    );
    return JSON.parse(new TextDecoder().decode(opened)) as JWK;
  } catch (error) {
    throw new Error(
      `KEY_ENCRYPTION_SECRET does not open the signing key ${keyId}. Put the former secret back, or rotate the keys.`,
      { cause: error },
    );
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function sealingKey(secret: string): Promise<CryptoKey> {
  const bytes = await deriveKeyBytes(secret, 'signing key seal v1');
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
}
