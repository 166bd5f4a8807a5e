/** A secret as it is handed out: 64 hex digits. Its text, not the bytes it spells, is the HMAC key (as in Stream). */
export function createWebhookSecret(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex');
}

/** Stream's `Webhook-Signature`: HMAC-SHA256 over `{time}.{body}`; `sig1` with the first secret, `sig2` with the second. */
export async function signWebhook(
  body: string,
  secrets: readonly string[],
  timeSeconds: number,
): Promise<string> {
  const signatures = await Promise.all(
    secrets.map(
      async (secret, index) => `sig${index + 1}=${await hmac(secret, `${timeSeconds}.${body}`)}`,
    ),
  );
  return [`time=${timeSeconds}`, ...signatures].join(',');
}

async function hmac(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, [
    'sign',
  ]);
  return Buffer.from(await crypto.subtle.sign('HMAC', key, encoder.encode(text))).toString('hex');
}
