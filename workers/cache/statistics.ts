import type { CacheNamespace } from '../../src/contracts/service-apis.ts';

export interface NamespaceStatistics {
  readonly hits: number;
  readonly misses: number;
  readonly writes: number;
  readonly invalidations: number;
  /** Calls that KV refused or did not answer. */
  readonly failures: number;
}

const NONE: NamespaceStatistics = { hits: 0, misses: 0, writes: 0, invalidations: 0, failures: 0 };

/** Counts of this isolate since it started; another isolate has its own, and all are lost when it ends. */
export class CacheStatistics {
  private readonly counts = new Map<CacheNamespace, NamespaceStatistics>();

  count(namespace: CacheNamespace, what: keyof NamespaceStatistics): void {
    const before = this.of(namespace);
    this.counts.set(namespace, { ...before, [what]: before[what] + 1 });
  }

  of(namespace: CacheNamespace): NamespaceStatistics {
    return this.counts.get(namespace) ?? NONE;
  }
}

/** Hits among all lookups that KV answered; absent while there were none. */
export function hitRatioOf({ hits, misses }: NamespaceStatistics): number | undefined {
  const lookups = hits + misses;
  return lookups === 0 ? undefined : hits / lookups;
}
