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
 * Whether a page may play a video with these `allowedOrigins` (host names, empty = every page).
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
  // Any depth of subdomain, but not the apex.
  if (entry.startsWith('*.')) return page.hostname.endsWith(entry.slice(1));
  // Many things run on one localhost, so there the port is part of the name.
  if (entry.includes(':') || page.hostname === 'localhost') return page.host === entry;
  return page.hostname === entry;
}
