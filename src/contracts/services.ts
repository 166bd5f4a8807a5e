/** The nine services. Each is one plugin, one folder under `workers/` and one version. */
export const SERVICE_NAMES = [
  'gateway',
  'auth',
  'upload',
  'metadata',
  'cache',
  'streaming',
  'transcoder',
  'worker',
  'monitor',
] as const;

export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Everything below a video's uid or a playback token. */
export const PLAYBACK_ADDRESS =
  /^\/[^/]+\/(manifest|media|thumbnails|watch|storyboard\.(vtt|json|jpg))(\/|$)/;

/** The first match counts. */
const ROUTE_OWNERS: readonly {
  readonly pattern: RegExp;
  readonly method?: string;
  readonly service: ServiceName;
}[] = [
  { pattern: /^\/api\/v1\/(auth|tokens|keys)(\/|$)/, service: 'auth' },
  { pattern: /^\/\.well-known\/jwks\.json$/, service: 'auth' },
  { pattern: /^\/client\/v4\/accounts\/[^/]+\/stream\/[^/]+\/token$/, service: 'auth' },
  { pattern: /^\/api\/v1\/uploads(\/|$)/, service: 'upload' },
  { pattern: /^\/client\/v4\/accounts\/[^/]+\/stream$/, method: 'POST', service: 'upload' },
  { pattern: /^\/api\/v1\/(jobs|profiles)(\/|$)/, service: 'transcoder' },
  { pattern: /^\/_task(\/|$)/, service: 'transcoder' },
  { pattern: /^\/api\/v1\/cache(\/|$)/, service: 'cache' },
  { pattern: /^\/api\/v1\/(background|webhooks)(\/|$)/, service: 'worker' },
  { pattern: /^\/client\/v4\/accounts\/[^/]+\/stream\/webhook$/, service: 'worker' },
  { pattern: /^\/(ready|metrics)$/, service: 'monitor' },
  { pattern: /^\/api\/v1\/(status|alerts)(\/|$)/, service: 'monitor' },
  { pattern: /^\/client\/v4\/accounts\/[^/]+\/stream(\/|$)/, service: 'metadata' },
  { pattern: PLAYBACK_ADDRESS, service: 'streaming' },
];

/** Which service answers a request. What matches nothing is the gateway's own or a static asset. */
export function ownerOf(method: string, path: string): ServiceName | undefined {
  return ROUTE_OWNERS.find(
    (owner) => owner.pattern.test(path) && (owner.method === undefined || owner.method === method),
  )?.service;
}
