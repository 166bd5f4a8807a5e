const ID_ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const ID_DIGITS = 26;

/** An id's digits that follow from `parts` (kind, account, idempotency key): a repeat finds the same thing without a table of keys. */
export async function idDigitsOf(parts: readonly string[]): Promise<string> {
  const bytes = await digestOf(parts);
  return Array.from(bytes.subarray(0, ID_DIGITS), (byte) => ID_ALPHABET.charAt(byte % 32)).join('');
}

/** SHA-256 of a value as hex: equal for equal values, in whatever order their fields come. */
export async function digestValue(value: unknown): Promise<string> {
  return Buffer.from(await digestOf(value)).toString('hex');
}

async function digestOf(value: unknown): Promise<Uint8Array> {
  const text = new TextEncoder().encode(JSON.stringify(value, sortFields));
  return new Uint8Array(await crypto.subtle.digest('SHA-256', text));
}

function sortFields(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
