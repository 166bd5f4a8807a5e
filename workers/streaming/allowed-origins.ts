/** What a browser says about the page that asks. */
export interface RequestSource {
  readonly origin?: string | undefined;
  readonly referer?: string | undefined;
  /** `Sec-Fetch-Site`, which no page can set by itself. */
  readonly fetchSite?: string | undefined;
  /** Our own address, as the request names it. */
  readonly url: string;
}

/**
 * Whether a page may play a video with these `allowedOrigins` (host names with or without a port, empty = every page).
 * A request that names no page at all is refused: leaving the headers out must not be the way round the list.
 */
export function isOriginAllowed(allowed: readonly string[], source: RequestSource): boolean {
  if (allowed.length === 0) return true;
  const page = pageOf(source);
  return page !== undefined && allowed.some((entry) => matches(entry.toLowerCase(), page));
}

/**
 * `Origin`, else `Referer`. A page of ours asks its own host with neither (GET carries no `Origin` to the same origin,
 * and our pages send no referrer): `Sec-Fetch-Site: same-origin` then says that the page is our host.
 */
function pageOf({ origin, referer, fetchSite, url }: RequestSource): URL | undefined {
  const named = origin ?? referer ?? (fetchSite === 'same-origin' ? url : undefined);
  const page = named === undefined ? null : URL.parse(named);
  return page !== null && /^https?:$/.test(page.protocol) ? page : undefined;
}

function matches(entry: string, page: URL): boolean {
  const [host = '', port] = entry.split(':');
  return isHost(host, page.hostname) && isPort(port, page);
}

/** `*.` stands for any depth of subdomain, but not for the apex. */
function isHost(host: string, hostname: string): boolean {
  return host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host;
}

/** Without a port every port will do; but many things run on one localhost, so there it is part of the name. */
function isPort(port: string | undefined, page: URL): boolean {
  if (port === undefined) return page.hostname !== 'localhost' || page.port === '';
  const defaultPort = page.protocol === 'https:' ? '443' : '80';
  return port === (page.port || defaultPort);
}
