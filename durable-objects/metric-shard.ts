import { DurableObject } from 'cloudflare:workers';

import type { MetricBatch, SeriesValues } from '../src/contracts/metrics.ts';
import { addBatch, EMPTY_SHARD } from '../workers/monitor/shard-state.ts';
import type { ShardState } from '../workers/monitor/shard-state.ts';

const STATE_KEY = 'state';

/** One of the places that keep the counters of the deployment; the total is the sum of all. One row, since rows written are paid for. */
export class MetricShard extends DurableObject<Env> {
  private held: ShardState | undefined;

  /** Adds what an isolate counted; a repeat of the same batch changes nothing. */
  async add(batch: MetricBatch): Promise<void> {
    const before = this.state();
    const after = addBatch(before, batch, Date.now());
    if (after === before) return;
    this.held = after;
    this.ctx.storage.kv.put(STATE_KEY, after);
  }

  async read(): Promise<SeriesValues> {
    return this.state().series;
  }

  private state(): ShardState {
    this.held ??= this.ctx.storage.kv.get<ShardState>(STATE_KEY) ?? EMPTY_SHARD;
    return this.held;
  }
}
