import { and, eq, isNotNull, isNull, lt, lte, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';

import type { CloudEvent } from '../../src/contracts/events.ts';
import { playbackKey, videoPrefix } from '../../src/contracts/object-keys.ts';
import { tombstones, videos } from '../../src/db/metadata.ts';
import { createEvent } from '../../src/kernel/event-bus.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { isQuietSince, listStoredUids, removeOldRuns, removePrefix } from './remove-objects.ts';
import { missingVideo } from './video-moves.ts';
import type { VideoMoves } from './video-moves.ts';
import type { VideoRow } from './video-rows.ts';

const KEEP_TOMBSTONES_MS = 30 * 24 * 3600 * 1000;
/** An object without a row is left alone this long: somebody may be about to make the row. */
const ORPHAN_GRACE_MS = 15 * 60_000;
const ORPHAN_PAGE = 200;
const DUE_DELETIONS = 20;
/** A deleted video that is still there after this time: its event was lost or given up. */
const PURGE_AGAIN_AFTER_MS = 10 * 60_000;
const PURGES = 20;
/** Longer than the longest video, so that whoever had started could see it to the end. */
const KEEP_REPLACED_MS = 12 * 3600 * 1000;
const REPLACED_RUNS = 20;

/** How videos and their objects go: asked for, due, replaced, or named by no row. Every step may be repeated. */
export class VideoRemoval {
  private readonly context: ServiceContext;
  private readonly moves: VideoMoves;
  /** Where the search for orphans goes on; starting over costs time only. */
  private orphansAfter = '';

  constructor(context: ServiceContext, moves: VideoMoves) {
    this.context = context;
    this.moves = moves;
  }

  /** The video is gone for everybody when this answers; objects and row follow by event. */
  async delete(accountId: string, uid: string): Promise<void> {
    const now = Date.now();
    const { db, events } = this.context;
    const event = deletionOf(uid, accountId, now);
    const [rows] = await db.batch([
      db
        .update(videos)
        .set({ deletedAt: now, modifiedAt: now, playbackVersion: sql`playback_version + 1` })
        .where(and(eq(videos.uid, uid), eq(videos.accountId, accountId), isNull(videos.deletedAt)))
        .returning({ uid: videos.uid }),
      db
        .insert(tombstones)
        .select(sql`SELECT ${uid}, ${accountId}, ${now} WHERE ${deletedNow(uid, now)}`)
        .onConflictDoNothing(),
      ...events.record(event, deletedNow(uid, now)),
    ]);
    if (rows.length === 0) throw missingVideo(uid);
    await this.context.env.MEDIA.delete(playbackKey(uid));
    this.moves.announce(event);
  }

  /** Subscriber of `video.deleted`: no object and no row is left, only the tombstone. */
  async purge({ data }: CloudEvent<'video.deleted'>): Promise<void> {
    const { db, env, services } = this.context;
    await services.find('transcoder')?.cancelForVideo(data.uid);
    await services.find('upload')?.abortForVideo(data.uid);
    await removePrefix(env.MEDIA, videoPrefix(data.uid));
    await db.delete(videos).where(and(eq(videos.uid, data.uid), isNotNull(videos.deletedAt)));
  }

  /** Background: purges deleted videos whose event did not get through, so that none stays for good. */
  async purgeDeleted(now: number): Promise<boolean> {
    const { db, events, logger } = this.context;
    const left = await db
      .select({ uid: videos.uid, accountId: videos.accountId })
      .from(videos)
      .where(lt(videos.deletedAt, now - PURGE_AGAIN_AFTER_MS))
      // Those that fail again must not keep the others waiting.
      .orderBy(sql`random()`)
      .limit(PURGES);
    let purged = 0;
    for (const { uid, accountId } of left) {
      const event = deletionOf(uid, accountId, now);
      try {
        await this.purge(event);
        await events.dismiss(event.id);
        purged += 1;
      } catch (error) {
        logger.warn('purge.failed', { videoUid: uid, error });
      }
    }
    return purged === PURGES;
  }

  /** Subscriber of `video.ready`. */
  async removeOldRuns({ data }: CloudEvent<'video.ready'>): Promise<void> {
    const row = await this.moves.rowOf(data.uid);
    if (row !== undefined) await this.removeOldRunsOf(row);
  }

  /** Background: deletes videos whose `scheduledDeletion` has come, and old tombstones. */
  async deleteDue(now: number): Promise<boolean> {
    const { db } = this.context;
    const due = await db
      .select({ uid: videos.uid, accountId: videos.accountId })
      .from(videos)
      .where(and(isNull(videos.deletedAt), lte(videos.scheduledDeletion, now)))
      .limit(DUE_DELETIONS);
    for (const { uid, accountId } of due) await this.delete(accountId, uid);
    await db.delete(tombstones).where(lt(tombstones.deletedAt, now - KEEP_TOMBSTONES_MS));
    return due.length === DUE_DELETIONS;
  }

  /** Background: removes runs that were replaced hours ago, when nobody can be in the middle of them any more. */
  async removeReplacedRuns(now: number): Promise<boolean> {
    const { db } = this.context;
    const isOver = and(
      isNotNull(videos.previousRevision),
      lt(videos.readyAt, now - KEEP_REPLACED_MS),
    );
    const replaced = await db
      .select({ uid: videos.uid })
      .from(videos)
      .where(isOver)
      .limit(REPLACED_RUNS);
    for (const { uid } of replaced) {
      await this.moves.move(uid, isOver, { now, set: { previousRevision: null } });
      await this.moves.publishPlayback(uid);
      const row = await this.moves.rowOf(uid);
      if (row !== undefined) await this.removeOldRunsOf(row);
    }
    return replaced.length === REPLACED_RUNS;
  }

  /** Background: removes objects of videos that no row names. True when there is another page. */
  async removeOrphans(now: number): Promise<boolean> {
    const { db, env, logger } = this.context;
    const { uids, next } = await listStoredUids(env.MEDIA, this.orphansAfter, ORPHAN_PAGE);
    const known = await db
      .select({ uid: videos.uid })
      .from(videos)
      .where(sql`${videos.uid} IN (SELECT value FROM json_each(${JSON.stringify(uids)}))`);
    const named = new Set(known.map(({ uid }) => uid));
    for (const uid of uids.filter((each) => !named.has(each))) {
      if (!(await isQuietSince(env.MEDIA, uid, now - ORPHAN_GRACE_MS))) continue;
      const removed = await removePrefix(env.MEDIA, videoPrefix(uid));
      logger.warn('orphans.removed', { videoUid: uid, removed });
    }
    this.orphansAfter = next;
    return this.orphansAfter !== '';
  }

  /** Removes the runs of a video that neither play nor are being made. */
  async removeOldRunsOf(row: VideoRow): Promise<void> {
    const { uid, publishedRevision, previousRevision, revision } = row;
    const kept = [publishedRevision, previousRevision, revision].filter((each) => each !== null);
    await removeOldRuns(this.context.env.MEDIA, uid, kept);
  }
}

function deletionOf(uid: string, accountId: string, now: number): CloudEvent<'video.deleted'> {
  return createEvent('video.deleted', { uid, accountId }, { source: 'metadata', run: 'once', now });
}

function deletedNow(uid: string, now: number): SQL {
  return sql`EXISTS (SELECT 1 FROM videos WHERE uid = ${uid} AND deleted_at = ${now})`;
}
