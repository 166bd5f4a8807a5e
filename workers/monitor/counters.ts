import type { MetricBatch, SeriesValues } from '../../src/contracts/metrics.ts';
import type { MetricShard } from '../../durable-objects/metric-shard.ts';
import { sumShards } from './shard-state.ts';

/** One object takes some hundred batches a second, and an isolate sends one in ten seconds. May be raised, never lowered: counts would be lost. */
const SHARDS = 8;

/** The counters of the whole deployment, spread over several objects so that none of them is hot. */
export class Counters {
  private readonly shards: DurableObjectNamespace<MetricShard>;

  constructor(shards: DurableObjectNamespace<MetricShard>) {
    this.shards = shards;
  }

  /** The batch's id is random and chooses the shard, so that a repeat meets the shard that has it. */
  async add(batch: MetricBatch): Promise<void> {
    const sum = Array.from(batch.id).reduce((total, letter) => total + letter.charCodeAt(0), 0);
    await this.shard(sum % SHARDS).add(batch);
  }

  /** All series. Throws when a shard does not answer: a sum of some would look like counters that were reset. */
  async read(): Promise<SeriesValues> {
    const shards = Array.from({ length: SHARDS }, (_, number) => this.shard(number).read());
    return sumShards(await Promise.all(shards));
  }

  private shard(number: number): DurableObjectStub<MetricShard> {
    return this.shards.getByName(`shard-${number}`);
  }
}
