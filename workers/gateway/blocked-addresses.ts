const MOST_ADDRESSES = 1000;

/** Addresses that this isolate has seen refused: they are turned away without asking again until their time is up. */
export class BlockedAddresses {
  private readonly until = new Map<string, number>();

  /** ms that the address still has to wait; 0 for one that may go on. */
  waitMs(address: string, now: number): number {
    return Math.max(0, (this.until.get(address) ?? 0) - now);
  }

  block(address: string, until: number): void {
    this.until.delete(address);
    this.until.set(address, until);
    const [oldest] = this.until.keys();
    if (this.until.size > MOST_ADDRESSES && oldest !== undefined) this.until.delete(oldest);
  }
}
