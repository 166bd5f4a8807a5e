import type { CacheNamespace } from '../../src/contracts/service-apis.ts';

export interface NamespaceRules {
  readonly purpose: string;
  /** How long KV keeps a value after it was written. */
  readonly ttlSeconds: number;
  /** How long a location may answer without asking KV's central store: an invalidation takes so long to be seen everywhere. */
  readonly edgeTtlSeconds: number;
}

/** Every namespace of the cache. Values must be costly to make and follow from their key, so that a stale one is never wrong. */
export const CACHE_NAMESPACES: Readonly<Record<CacheNamespace, NamespaceRules>> = {
  playlist: {
    purpose: 'Rendered playlists, by uid, revision and name',
    ttlSeconds: 86_400,
    edgeTtlSeconds: 60,
  },
};

/** True for the name of a namespace. */
export function isCacheNamespace(name: string): name is CacheNamespace {
  return Object.hasOwn(CACHE_NAMESPACES, name);
}

/** The key in KV. KV refuses more than 512 bytes. */
export function kvKeyOf(namespace: CacheNamespace, key: string): string {
  return `${namespace}/${key}`;
}
