import { revisionPrefix } from '../../src/contracts/object-keys.ts';
import { outputKeys } from './build-segment-map.ts';
import type { JobState } from './job-state.ts';

/** Ids of the tasks whose accepted output is not in the store any more as it was when it was checked. */
export async function findLostOutputs(bucket: R2Bucket, state: JobState): Promise<string[]> {
  const stored = await listStored(bucket, revisionPrefix(state.uid, state.revision));
  const lost = state.tasks.filter((task) =>
    outputKeys(state, task).some((key, part) => {
      const found = stored.get(key);
      const etag = task.output?.etags?.[part];
      return (
        found?.size !== task.output?.parts[part] || (etag !== undefined && found?.etag !== etag)
      );
    }),
  );
  return lost.map(({ id }) => id);
}

interface Stored {
  readonly size: number;
  readonly etag: string;
}

async function listStored(bucket: R2Bucket, prefix: string): Promise<ReadonlyMap<string, Stored>> {
  const stored = new Map<string, Stored>();
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
    for (const { key, size, etag } of page.objects) stored.set(key, { size, etag });
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return stored;
}
