import { base64url } from 'jose';

/** Any header and payload text, signed or not: what an attacker who holds a key (or none) can write. */
export async function forge(
  header: object | string,
  payload: object | string,
  sign: (input: Uint8Array) => Promise<Uint8Array>,
): Promise<string> {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  return `${input}.${base64url.encode(await sign(new TextEncoder().encode(input)))}`;
}

export function hmacWith(secret: Uint8Array): (input: Uint8Array) => Promise<Uint8Array> {
  return async (input) => {
    const key = await crypto.subtle.importKey(
      'raw',
      Uint8Array.from(secret),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign'],
    );
    return new Uint8Array(await crypto.subtle.sign('HMAC', key, Uint8Array.from(input)));
  };
}

export function signWith(
  algorithm: 'RSASSA-PKCS1-v1_5' | 'Ed25519',
  key: CryptoKey,
): (input: Uint8Array) => Promise<Uint8Array> {
  return async (input) =>
    new Uint8Array(await crypto.subtle.sign(algorithm, key, Uint8Array.from(input)));
}

/** The same token in another spelling: unused bits of the signature's last character set. */
export function respell(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.slice(-1));
  return token.slice(0, -1) + alphabet.charAt(last + 1);
}

function encodePart(part: object | string): string {
  return base64url.encode(typeof part === 'string' ? part : JSON.stringify(part));
}
