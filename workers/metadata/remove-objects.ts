import { revisionPrefix, videoPrefix } from '../../src/contracts/object-keys.ts';

/** Deletes every object below a prefix, page by page; answers how many there were. May be repeated after any page. */
export async function removePrefix(bucket: R2Bucket, prefix: string): Promise<number> {
  let removed = 0;
  for (;;) {
    const { objects } = await bucket.list({ prefix });
    if (objects.length === 0) return removed;
    await bucket.delete(objects.map(({ key }) => key));
    removed += objects.length;
  }
}

/** Deletes the runs of a video that are neither kept nor newer than the kept ones (revisions sort by time). */
export async function removeOldRuns(
  bucket: R2Bucket,
  uid: string,
  kept: readonly string[],
): Promise<void> {
  const newest = kept.toSorted().at(-1) ?? '';
  const prefix = videoPrefix(uid);
  const { delimitedPrefixes } = await bucket.list({ prefix, delimiter: '/' });
  const revisions = delimitedPrefixes
    .map((each) => each.slice(prefix.length, -1))
    .filter((name) => /^[0-9a-z]{26}$/.test(name));
  for (const revision of revisions) {
    if (!kept.includes(revision) && revision < newest)
      await removePrefix(bucket, revisionPrefix(uid, revision));
  }
}

/** Uids that have objects, one page of them, after the given uid; `next` is empty behind the last page. */
export async function listStoredUids(
  bucket: R2Bucket,
  after: string,
  limit: number,
): Promise<{ readonly uids: readonly string[]; readonly next: string }> {
  const page = await bucket.list({
    prefix: 'videos/',
    delimiter: '/',
    limit,
    ...(after !== '' && { startAfter: `${videoPrefix(after)}~` }),
  });
  const uids = page.delimitedPrefixes.map((prefix) => prefix.slice('videos/'.length, -1));
  return { uids, next: page.truncated ? (uids.at(-1) ?? '') : '' };
}

/** True when no object of the video was written after `since` (ms): nobody is working on it. */
export async function isQuietSince(bucket: R2Bucket, uid: string, since: number): Promise<boolean> {
  const { objects } = await bucket.list({ prefix: videoPrefix(uid) });
  return objects.every(({ uploaded }) => uploaded.getTime() < since);
}
