/** 32 bytes for one purpose, derived from a secret with HKDF-SHA-256: a key of one purpose tells nothing about another's. */
export async function deriveKeyBytes(secret: string, purpose: string): Promise<ArrayBuffer> {
  const encoder = new TextEncoder();
  const material = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, [
    'deriveBits',
  ]);
  return crypto.subtle.deriveBits(
    {
      name: 'HKDF',
      hash: 'SHA-256',
      salt: new Uint8Array(32),
      info: encoder.encode(`streamgate ${purpose}`),
    },
    material,
    256,
  );
}
