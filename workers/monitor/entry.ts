import { createServiceEntry } from '../../src/kernel/service-entry.ts';
import { createMonitor } from './plugin.ts';

export { MetricShard } from '../../durable-objects/metric-shard.ts';

const { Service, handlers } = createServiceEntry('monitor', createMonitor);

export { Service };
export default handlers;
