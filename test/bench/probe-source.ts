import type { SourceFacts } from '../../src/contracts/media.ts';
import { runJob } from './encode-job.ts';
import { startEncoder } from './encoder-process.ts';

/** What the product's own probe says of a source. Throws when it refuses the source. */
export async function probeSource(source: string, folder: string): Promise<SourceFacts> {
  const encoder = await startEncoder();
  try {
    const { facts } = await runJob(encoder, source, folder, 'probe');
    if (facts === undefined) throw new Error(`the probe refused ${source}`);
    return facts;
  } finally {
    await encoder.stop();
  }
}
