import ipaddr from 'ipaddr.js';

/** Names that never leave a network of their own (RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal`). */
const INNER_NAME = /\.(localhost|local|internal|intranet|lan|home|corp|private|home\.arpa|onion)$/;
/** The only part of IPv6 that is handed out for the public internet (RFC 4291 §2.4). */
const PUBLIC_V6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/** Why the platform must not send a request to this address, or nothing when it may. The address is somebody else's wish: anything but a public https server is refused. `allowed` lists exceptions as `host:port`; there plain http will do. */
export function refuseTarget(address: string, allowed: readonly string[]): string | undefined {
  if (!URL.canParse(address)) return 'is not a URL';
  // The parser writes 2130706433, 0177.0.0.1, 127.1 and full-width digits as 127.0.0.1: look only at what it made.
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  if (allowed.includes(`${url.hostname}:${url.port || defaultPort(url)}`)) {
    return /^https?:$/.test(url.protocol) ? undefined : 'must begin with https:// or http://';
  }
  if (url.protocol !== 'https:') return 'must begin with https://';
  if (url.port !== '') return 'must use the port 443';
  return refuseHost(url.hostname);
}

function defaultPort(url: URL): string {
  return url.protocol === 'http:' ? '80' : '443';
}

function refuseHost(hostname: string): string | undefined {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1');
  if (ipaddr.isValid(literal)) {
    return isPublicAddress(literal) ? undefined : 'must not be an address of a private network';
  }
  if (hostname.endsWith('.')) return 'must not end its host name with a dot';
  if (!hostname.includes('.')) return 'must name a host of the public internet';
  return INNER_NAME.test(hostname) ? 'must name a host of the public internet' : undefined;
}

/** False for loopback, private, link-local (cloud metadata), shared, multicast and reserved addresses, IPv4 inside IPv6 included. */
function isPublicAddress(literal: string): boolean {
  const address = ipaddr.process(literal);
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(PUBLIC_V6);
}
