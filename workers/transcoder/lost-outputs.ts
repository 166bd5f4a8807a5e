import { revisionPrefix } from '../../src/contracts/object-keys.ts';
import { outputKeys } from './build-segment-map.ts';
import type { JobState } from './job-state.ts';

/** Ids of the tasks whose accepted output is not whole in the store any more. */
export async function findLostOutputs(bucket: R2Bucket, state: JobState): Promise<string[]> {
  const sizes = await listSizes(bucket, revisionPrefix(state.uid, state.revision));
  const lost = state.tasks.filter((task) => {
    const keys = outputKeys(state, task);
    return keys.some((key, part) => sizes.get(key) !== task.output?.parts[part]);
  });
  return lost.map(({ id }) => id);
}

async function listSizes(bucket: R2Bucket, prefix: string): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
    for (const { key, size } of page.objects) sizes.set(key, size);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return sizes;
}
