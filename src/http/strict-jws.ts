import { base64url } from 'jose';
import { z } from 'zod';

/** Three unpadded base64url parts of bounded size; nothing else is ever decoded. */
const COMPACT_FORM = /^[A-Za-z0-9_-]{1,1024}\.[A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]{1,1024}$/;

const name = z.string().min(1).max(128);
/** `jwk`, `jku`, `x5u`, `crit` and every other member is refused: a token never brings its own key. */
const headerSchema = z.strictObject({
  alg: name,
  kid: name.exactOptional(),
  typ: name.exactOptional(),
});

/** A token that is well formed. Nothing in it is proven before its signature is. */
export interface StrictJws {
  readonly header: Readonly<z.infer<typeof headerSchema>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Reads a compact JWS that is written in exactly one way; any other spelling is undefined. */
export function readStrictJws(token: string): StrictJws | undefined {
  if (!COMPACT_FORM.test(token)) return undefined;
  const [head, body, signature] = token.split('.').map(decodeCanonical);
  if (head === undefined || body === undefined || signature === undefined) return undefined;
  const header = headerSchema.safeParse(parseObject(head));
  const payload = parseObject(body);
  if (!header.success || payload === undefined) return undefined;
  return { header: header.data, payload };
}

/** True when `iat` and `exp` are whole seconds and the life between them is the kind's own or shorter. */
export function hasBoundedLife(
  payload: Readonly<Record<string, unknown>>,
  maxLifeSeconds: number,
): boolean {
  const { iat, exp } = payload as { iat?: unknown; exp?: unknown };
  if (!isWholeNumber(iat) || !isWholeNumber(exp)) return false;
  return exp > iat && exp - iat <= maxLifeSeconds;
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

// The last character of a part carries unused bits: without this check several strings are one token.
function decodeCanonical(part: string): Uint8Array | undefined {
  try {
    const bytes = base64url.decode(part);
    return base64url.encode(bytes) === part ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function parseObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(json);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return hasRepeatedMember(json) ? undefined : (value as Record<string, unknown>);
  } catch {
    return undefined;
  }
}

/** For JSON that parses: true when an object, at any depth, names a member twice. */
function hasRepeatedMember(json: string): boolean {
  const open: Set<unknown>[] = [];
  for (const [found] of json.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}]/g)) {
    if (found === '{') open.push(new Set());
    if (found === '}') open.pop();
    if (!found.endsWith(':')) continue;
    const member: unknown = JSON.parse(found.replace(/\s*:$/, ''));
    if (open.at(-1)?.has(member)) return true;
    open.at(-1)?.add(member);
  }
  return false;
}
