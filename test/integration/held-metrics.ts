import type { MetricBatch } from '../../src/contracts/metrics.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { Metrics } from '../../src/kernel/metrics.ts';

/** An isolate's metrics whose batches are kept here; they are sent when the test flushes. */
export function heldMetrics(): { metrics: Metrics; batches: MetricBatch[] } {
  const batches: MetricBatch[] = [];
  const metrics = new Metrics({
    waitUntil: () => undefined,
    send: async (batch) => {
      batches.push(batch);
    },
    logger: createLogger('error'),
  });
  return { metrics, batches };
}
