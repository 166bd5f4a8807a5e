import { AppError } from '../../src/contracts/errors.ts';
import type { CacheApi, CacheNamespace } from '../../src/contracts/service-apis.ts';
import { CACHE_NAMESPACES, kvKeyOf } from './namespaces.ts';
import type { CacheStatistics } from './statistics.ts';

/** The cache over KV. Every method throws `service.unavailable` when KV fails; a reader then makes the value itself. */
export function createCacheService(kv: KVNamespace, statistics: CacheStatistics): CacheApi {
  const guarded = async <Value>(
    namespace: CacheNamespace,
    work: () => Promise<Value>,
  ): Promise<Value> => {
    try {
      return await work();
    } catch (error) {
      statistics.count(namespace, 'failures');
      throw new AppError('service.unavailable', 'The cache does not answer.', {}, error);
    }
  };
  return {
    async get(namespace, key) {
      const cacheTtl = CACHE_NAMESPACES[namespace].edgeTtlSeconds;
      const value = await guarded(namespace, () => kv.get(kvKeyOf(namespace, key), { cacheTtl }));
      statistics.count(namespace, value === null ? 'misses' : 'hits');
      return value ?? undefined;
    },
    async put(namespace, key, value) {
      const expirationTtl = CACHE_NAMESPACES[namespace].ttlSeconds;
      await guarded(namespace, () => kv.put(kvKeyOf(namespace, key), value, { expirationTtl }));
      statistics.count(namespace, 'writes');
    },
    async invalidate(namespace, key) {
      await guarded(namespace, () => kv.delete(kvKeyOf(namespace, key)));
      statistics.count(namespace, 'invalidations');
    },
  };
}
