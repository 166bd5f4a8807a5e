import { base64url } from 'jose';

import { deriveKeyBytes } from './derive-key.ts';

const IV_BYTES = 12;

/** What a text is sealed with: the deployment's secret, a purpose, and the id of what it belongs to. */
export interface Seal {
  readonly secret: string;
  /** One purpose's texts tell nothing about another's. */
  readonly purpose: string;
  /** A text moved to another row does not open. */
  readonly boundTo: string;
}

/** The text as it may lie in a database: AES-256-GCM, base64url. */
export async function sealText(seal: Seal, text: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: encode(seal.boundTo) },
    await keyOf(seal),
    encode(text),
  );
  return base64url.encode(new Uint8Array([...iv, ...new Uint8Array(sealed)]));
}

/** The text again. Throws when any part of the seal differs or the sealed text was changed. */
export async function openText(seal: Seal, sealed: string): Promise<string> {
  const bytes = base64url.decode(sealed);
  const opened = await crypto.subtle.decrypt(
    { name: 'AES-GCM', iv: bytes.slice(0, IV_BYTES), additionalData: encode(seal.boundTo) },
    await keyOf(seal),
    bytes.slice(IV_BYTES),
  );
  return new TextDecoder().decode(opened);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function keyOf({ secret, purpose }: Seal): Promise<CryptoKey> {
  const bytes = await deriveKeyBytes(secret, purpose);
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
}
