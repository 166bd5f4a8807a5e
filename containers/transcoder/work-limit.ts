/** Lets a few pieces of work run at once and a few more wait for their turn; what comes on top is refused. */
export class WorkLimit {
  private readonly limits: { readonly running: number; readonly waiting: number };
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(limits: { readonly running: number; readonly waiting: number }) {
    this.limits = limits;
  }

  /** The work's answer, or `undefined` when too many wait already. Rejects with the signal's reason when it is aborted first. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    if (this.running >= this.limits.running) {
      if (this.waiting.length >= this.limits.waiting) return undefined;
      await this.turn(signal);
    } else {
      this.running += 1;
    }
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      this.next();
    }
  }

  private turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(take), 1);
        reject(signal.reason);
      };
      const take = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      this.waiting.push(take);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** The place goes to the one that waits longest. */
  private next(): void {
    const take = this.waiting.shift();
    if (take === undefined) this.running -= 1;
    else take();
  }
}
