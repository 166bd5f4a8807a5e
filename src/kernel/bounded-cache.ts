interface Entry<Value> {
  readonly value: Value;
  readonly weight: number;
  readonly storedAt: number;
}

/** A value and how long ago it was stored. */
export interface Aged<Value> {
  readonly value: Value;
  readonly ageMs: number;
}

/**
 * Values that this isolate keeps for later requests, bounded by count and total weight; the least recently used goes first.
 * It holds finished values only, since a promise of one request must not be awaited by another.
 */
export class BoundedCache<Value> {
  private readonly entries = new Map<string, Entry<Value>>();
  private readonly limits: { readonly entries: number; readonly weight: number };
  private weight = 0;

  constructor(limits: { readonly entries: number; readonly weight?: number }) {
    this.limits = { entries: limits.entries, weight: limits.weight ?? Infinity };
  }

  get(key: string, now: number): Aged<Value> | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return { value: entry.value, ageMs: now - entry.storedAt };
  }

  /** Keeps the value unless it alone is heavier than everything allowed. */
  set(
    key: string,
    value: Value,
    options: { readonly now: number; readonly weight?: number },
  ): void {
    const weight = options.weight ?? 0;
    this.delete(key);
    if (weight > this.limits.weight) return;
    this.entries.set(key, { value, weight, storedAt: options.now });
    this.weight += weight;
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.limits.entries && this.weight <= this.limits.weight) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.weight -= this.entries.get(key)?.weight ?? 0;
    this.entries.delete(key);
  }
}
