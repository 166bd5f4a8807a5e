import type { ReadinessCheck, Workload } from '../../src/contracts/service-apis.ts';
import type { EncoderHealth } from '../../src/contracts/task-protocol.ts';

export interface QueueState {
  readonly name: string;
  readonly messages: number;
  readonly oldestSeconds: number;
}

/** What the stores and services say of themselves at one moment. What did not answer is absent; the checks say why. */
export interface PlatformState {
  readonly ready: boolean;
  readonly checks: readonly ReadinessCheck[];
  readonly queues?: readonly QueueState[];
  readonly outbox?: {
    readonly waiting: number;
    readonly dead: number;
    readonly oldestSeconds: number;
  };
  /** Events of the last 30 days by type. */
  readonly events?: Readonly<Record<string, number>>;
  readonly workload?: Workload;
  readonly encoder?: Pick<EncoderHealth, 'busy' | 'slots'>;
}
