export const FAULT_KINDS = ['throw', 'lost', 'hang', 'slow'] as const;

/**
 * `throw`: the call fails and nothing happens. `lost`: it happens and the answer is lost. `hang`: nothing happens, and the
 * failure comes after a minute. `slow`: it happens three seconds later.
 */
type FaultKind = (typeof FAULT_KINDS)[number];

export interface ArmedFault {
  readonly id: string;
  /** A site as {@link FaultBoard.sites} names it, or the beginning of one. */
  readonly site: string;
  /** Which of the calls from now on breaks; the first is 1. */
  readonly nth: number;
  readonly kind: FaultKind;
}

const HANG_MS = 60_000;
const SLOW_MS = 3000;

interface WaitingFault {
  readonly fault: ArmedFault;
  callsLeft: number;
}

/** Knows every call to a binding, and breaks those that it was told to. */
export class FaultBoard {
  private readonly counts = new Map<string, number>();
  private waiting: WaitingFault[] = [];
  private readonly fired: string[] = [];

  arm(faults: readonly ArmedFault[]): void {
    this.waiting.push(...faults.map((fault) => ({ fault, callsLeft: fault.nth })));
  }

  disarm(): void {
    this.waiting = [];
  }

  /** Every site that was called, and how often; the ids of the faults that have acted. */
  report(): {
    readonly sites: Readonly<Record<string, number>>;
    readonly fired: readonly string[];
  } {
    return { sites: Object.fromEntries(this.counts), fired: this.fired };
  }

  async call<T>(site: string, perform: () => T): Promise<Awaited<T>> {
    this.counts.set(site, (this.counts.get(site) ?? 0) + 1);
    const fault = this.faultOf(site);
    if (fault === undefined) return await perform();
    this.fired.push(fault.id);
    const failure = new Error(`${site}: the torture run made this fail (${fault.kind})`);
    if (fault.kind === 'slow') {
      await pause(SLOW_MS);
      return await perform();
    }
    if (fault.kind === 'lost') await perform();
    if (fault.kind === 'hang') await pause(HANG_MS);
    throw failure;
  }

  private faultOf(site: string): ArmedFault | undefined {
    const due = this.waiting.filter(({ fault }) => site.startsWith(fault.site));
    for (const each of due) each.callsLeft -= 1;
    const acting = due.find(({ callsLeft }) => callsLeft <= 0);
    this.waiting = this.waiting.filter((each) => each !== acting);
    return acting?.fault;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
