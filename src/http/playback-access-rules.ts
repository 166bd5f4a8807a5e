import ipaddr from 'ipaddr.js';
import { z } from 'zod';

const MAX_RULES = 5;
const MAX_ENTRIES = 250;

const action = z.enum(['allow', 'block']);
/** ISO 3166-1, and Cloudflare's own `XX` (unknown) and `T1` (Tor). */
const country = z.string().regex(/^[A-Z][A-Z0-9]$/, 'must be a country code such as "US"');
const networkText = z
  .string()
  .max(49)
  .refine((text) => parseNetwork(text) !== undefined, 'must be an address or CIDR block');

/** Stream's access rules of a playback token: at most five, the first match decides. */
export const accessRulesSchema = z
  .array(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('any'), action }),
      z.object({
        type: z.literal('ip.src'),
        action,
        ip: z.array(networkText).min(1).max(MAX_ENTRIES),
      }),
      z.object({
        type: z.literal('ip.geoip.country'),
        action,
        country: z.array(country).min(1).max(MAX_ENTRIES),
      }),
    ]),
  )
  .max(MAX_RULES);

export type AccessRules = z.infer<typeof accessRulesSchema>;

/** Where a viewer is, as the platform says: `CF-Connecting-IP` and `request.cf.country`. */
export interface Viewer {
  readonly ip?: string | undefined;
  readonly country?: string | undefined;
}

/** The first matching rule decides; without a match the viewer may watch. What is not known of a viewer matches no rule. */
export function isViewerAllowed(rules: AccessRules, viewer: Viewer): boolean {
  const decisive = rules.find((rule) => matches(rule, viewer));
  return decisive?.action !== 'block';
}

function matches(rule: AccessRules[number], viewer: Viewer): boolean {
  switch (rule.type) {
    case 'any':
      return true;
    case 'ip.src':
      return rule.ip.some((block) => contains(block, viewer.ip));
    case 'ip.geoip.country':
      return viewer.country !== undefined && rule.country.includes(viewer.country.toUpperCase());
    default:
      return rule satisfies never;
  }
}

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

function contains(block: string, address: string | undefined): boolean {
  const network = parseNetwork(block);
  if (network === undefined || address === undefined || !ipaddr.isValid(address)) return false;
  // An IPv4 viewer may arrive as ::ffff:192.0.2.1.
  const viewer = ipaddr.process(address);
  return viewer.kind() === network[0].kind() && viewer.match(network);
}

/** Strict: `10.1`, octal and hexadecimal spellings are no addresses here, and IPv4 is never written as IPv6. */
function parseNetwork(text: string): Network | undefined {
  const [address = '', bits] = text.split('/', 2);
  if (!isPlainAddress(address)) return undefined;
  const parsed = ipaddr.parse(address);
  const width = parsed.kind() === 'ipv4' ? 32 : 128;
  if (text === address) return [parsed, width];
  if (bits === undefined || !/^\d{1,3}$/.test(bits) || `${address}/${bits}` !== text)
    return undefined;
  return Number(bits) <= width ? [parsed, Number(bits)] : undefined;
}

function isPlainAddress(text: string): boolean {
  if (text.includes('%')) return false;
  return (
    ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && text.includes(':'))
  );
}
