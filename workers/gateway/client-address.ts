import ipaddr from 'ipaddr.js';

/** An IPv6 customer has a whole /64. */
const IPV6_PREFIX_BYTES = 8;

/**
 * Whom to count a request for: the client's IPv4 address or IPv6 network, as the platform says. Nothing that a client can write
 * itself (`X-Forwarded-For` and its like) is looked at. Undefined for a request that did not come through the platform's edge.
 */
export function clientAddress(headers: Headers): string | undefined {
  const text = headers.get('cf-connecting-ip') ?? '';
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.process(text);
  if (address.kind() === 'ipv4') return address.toString();
  const network = address.toByteArray().map((byte, at) => (at < IPV6_PREFIX_BYTES ? byte : 0));
  return `${ipaddr.fromByteArray(network).toString()}/64`;
}
