import { waitUntil } from 'cloudflare:workers';
import { and, count, eq, inArray, isNotNull, isNull, lt, lte, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { SQLiteUpdateSetSource } from 'drizzle-orm/sqlite-core';

import { AppError } from '../../src/contracts/errors.ts';
import type { CloudEvent, EventType } from '../../src/contracts/events.ts';
import { jobIdOf } from '../../src/contracts/ids.ts';
import type { SourceFacts, VideoState } from '../../src/contracts/media.ts';
import { playbackKey, videoPrefix } from '../../src/contracts/object-keys.ts';
import type { MetadataApi, NewVideo, RunId, Video } from '../../src/contracts/service-apis.ts';
import type { FailureCode } from '../../src/contracts/task-protocol.ts';
import { tombstones, videos } from '../../src/db/metadata.ts';
import { createEvent } from '../../src/kernel/event-bus.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { askProgress } from './ask-progress.ts';
import type { VideoEdit } from './edit-schema.ts';
import { listCondition, listOrder } from './list-query.ts';
import type { ListQuery } from './list-query.ts';
import { publishPlayback } from './playback-record.ts';
import { isQuietSince, listStoredUids, removeOldRuns, removePrefix } from './remove-objects.ts';
import { renderVideo } from './stream-video.ts';
import { toVideo } from './video-rows.ts';
import type { VideoRow } from './video-rows.ts';

const SOURCE = 'metadata';
const KEEP_TOMBSTONES_MS = 30 * 24 * 3600 * 1000;
/** An object without a row is left alone this long: somebody may be about to make the row. */
const ORPHAN_GRACE_MS = 15 * 60_000;
const ORPHAN_PAGE = 200;
const DUE_DELETIONS = 20;
/** Longer than the longest video, so that whoever had started could see it to the end. */
const KEEP_REPLACED_MS = 12 * 3600 * 1000;
const REPLACED_RUNS = 20;
/** Videos made in one moment stand a millisecond apart; a row further ahead comes from a wrong clock. */
const MAX_CROWD_MS = 1000;

type VideoChange = SQLiteUpdateSetSource<typeof videos>;
type Described = Record<string, unknown>;

/** Owner of the videos' rows. Every move is one conditional UPDATE, in one batch with its event. */
export class MetadataService implements MetadataApi {
  private readonly context: ServiceContext;
  /** Where the search for orphans goes on; starting over costs time only. */
  private orphansAfter = '';

  constructor(context: ServiceContext) {
    this.context = context;
  }

  async createVideo(video: NewVideo): Promise<Video> {
    const now = Date.now();
    const { db } = this.context;
    const [buried] = await db.select().from(tombstones).where(eq(tombstones.uid, video.uid));
    if (buried !== undefined) throw new AppError('video.not_found', 'This video was deleted.');
    await db
      .insert(videos)
      .values({
        uid: video.uid,
        accountId: video.accountId,
        state: 'pendingupload',
        name: video.name,
        meta: { ...video.meta, name: video.name },
        creator: video.creator ?? null,
        requireSignedUrls: video.requireSignedURLs ?? false,
        allowedOrigins: video.allowedOrigins ?? [],
        sizeBytes: video.sizeBytes ?? 0,
        uploadExpiresAt: video.uploadExpiresAt ?? null,
        maxDurationSeconds: video.maxDurationSeconds ?? null,
        createdAt: firstFreeTime(video.accountId, now),
        modifiedAt: now,
      })
      .onConflictDoNothing();
    return toVideo(await this.requireRow(video.accountId, video.uid));
  }

  async findVideo(accountId: string, uid: string): Promise<Video | undefined> {
    const row = await this.findRow(accountId, uid);
    return row && toVideo(row);
  }

  async describeVideo(accountId: string, uid: string): Promise<Described | undefined> {
    const row = await this.findRow(accountId, uid);
    return row && (await this.describe([row]))[0];
  }

  async list(accountId: string, query: ListQuery): Promise<{ videos: Described[]; total: number }> {
    const condition = listCondition(accountId, query);
    const { db } = this.context;
    const page = db
      .select()
      .from(videos)
      .where(condition)
      .orderBy(...listOrder(query))
      .limit(query.limit);
    if (!query.include_counts) return { videos: await this.describe(await page), total: 0 };
    const [rows, [counted]] = await db.batch([
      page,
      db.select({ total: count() }).from(videos).where(condition),
    ]);
    return { videos: await this.describe(rows), total: counted?.total ?? 0 };
  }

  async uploadCompleted(run: RunId & { readonly sizeBytes: number }): Promise<boolean> {
    const row = await this.rowOf(run.uid);
    if (row === undefined) return false;
    const { uid, revision, sizeBytes } = run;
    const now = Date.now();
    const data = { uid, revision, accountId: row.accountId, sizeBytes };
    const moved = await this.move(uid, eq(videos.state, 'pendingupload'), {
      now,
      set: { state: 'queued', revision, sizeBytes, uploadedAt: now, uploadExpiresAt: null },
      event: createEvent('video.uploaded', data, { source: SOURCE, run: revision, now }),
    });
    return moved || this.isRun(run, ['queued', 'inprogress', 'ready', 'error']);
  }

  async restart(accountId: string, uid: string, revision: string): Promise<void> {
    const { sizeBytes, state } = await this.requireRow(accountId, uid);
    const now = Date.now();
    const data = { uid, revision, accountId, sizeBytes };
    const moved = await this.move(
      uid,
      and(inArray(videos.state, ['ready', 'error']), isNotNull(videos.uploadedAt)),
      {
        now,
        set: { state: 'queued', revision, errorReasonCode: '', errorReasonText: '' },
        event: createEvent('video.uploaded', data, { source: SOURCE, run: revision, now }),
      },
    );
    if (moved) {
      waitUntil(this.afterRestart(uid));
      return;
    }
    if (await this.isRun({ uid, revision }, ['queued', 'inprogress', 'ready', 'error'])) return;
    throw new AppError(
      'video.busy',
      `This video is "${state}"; only one that is ready or in error can be processed again.`,
    );
  }

  /** Playback hears that the failure is being mended; what the failed run left goes. The next `video.ready` does both again. */
  private async afterRestart(uid: string): Promise<void> {
    try {
      const row = await this.rowOf(uid);
      if (row === undefined) return;
      await this.publishPlayback(uid);
      await this.removeOldRunsOf(row);
    } catch (error) {
      this.context.logger.warn('restart.cleanup.failed', { videoUid: uid, error });
    }
  }

  async encodeStarted(run: RunId): Promise<boolean> {
    const moved = await this.move(run.uid, this.current(run, ['queued']), {
      now: Date.now(),
      set: { state: 'inprogress' },
    });
    return moved || this.isRun(run, ['inprogress']);
  }

  async sourceProbed(run: RunId, facts: SourceFacts): Promise<boolean> {
    const { durationSeconds, video } = facts;
    const set = { durationSeconds, width: video?.width ?? null, height: video?.height ?? null };
    return this.move(run.uid, this.current(run, ['inprogress']), { now: Date.now(), set });
  }

  async published(run: RunId & { readonly durationSeconds: number }): Promise<boolean> {
    const row = await this.rowOf(run.uid);
    if (row === undefined) return false;
    const { uid, revision, durationSeconds } = run;
    const now = Date.now();
    const data = { uid, revision, accountId: row.accountId };
    const moved = await this.move(uid, this.current(run, ['inprogress']), {
      now,
      set: {
        state: 'ready',
        publishedRevision: revision,
        previousRevision: sql`published_revision`,
        durationSeconds,
        readyAt: now,
        errorReasonCode: '',
        errorReasonText: '',
      },
      event: createEvent('video.ready', data, { source: SOURCE, run: revision, now }),
    });
    if (!moved && !(await this.isRun(run, ['ready']))) return false;
    await this.publishPlayback(uid);
    return true;
  }

  async failed(run: RunId, code: FailureCode, text: string): Promise<boolean> {
    const row = await this.rowOf(run.uid);
    if (row === undefined) return false;
    const { uid, revision } = run;
    const now = Date.now();
    const data = { uid, revision, accountId: row.accountId, reasonCode: code, reasonText: text };
    const moved = await this.move(uid, this.current(run, ['queued', 'inprogress']), {
      now,
      set: { state: 'error', errorReasonCode: code, errorReasonText: text },
      event: createEvent('video.failed', data, { source: SOURCE, run: revision, now }),
    });
    if (!moved && !(await this.isRun(run, ['error']))) return false;
    await this.publishPlayback(uid);
    return true;
  }

  async uploadExpired(uid: string): Promise<void> {
    await this.context.db
      .delete(videos)
      .where(and(eq(videos.uid, uid), eq(videos.state, 'pendingupload')));
  }

  /** Changes what the caller may change. Playback knows it when this answers. */
  async edit(accountId: string, uid: string, edit: VideoEdit): Promise<Described> {
    const row = await this.requireRow(accountId, uid);
    if (edit.uid !== undefined && edit.uid !== uid) {
      throw new AppError('request.invalid', 'A uid cannot be changed.', { pointer: '/uid' });
    }
    if (edit.uploadExpiry !== undefined && row.state !== 'pendingupload') {
      throw new AppError('request.invalid', 'The upload of this video is over.', {
        pointer: '/uploadExpiry',
      });
    }
    const now = Date.now();
    const data = { uid, accountId };
    const run = `${row.playbackVersion + 1}.${now}`;
    await this.move(uid, eq(videos.accountId, accountId), {
      now,
      set: toChange(edit, row),
      event: createEvent('video.updated', data, { source: SOURCE, run, now }),
    });
    if (row.uploadedAt !== null) await this.publishPlayback(uid);
    const described = await this.describeVideo(accountId, uid);
    if (described === undefined) throw missingVideo(uid);
    return described;
  }

  /** The video is gone for everybody when this answers; objects and row follow by event. */
  async delete(accountId: string, uid: string): Promise<void> {
    const now = Date.now();
    const { db, events } = this.context;
    const event = createEvent(
      'video.deleted',
      { uid, accountId },
      { source: SOURCE, run: 'once', now },
    );
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
    this.announce(event);
  }

  /** Subscriber of `video.deleted`: no object and no row is left, only the tombstone. */
  async purge({ data }: CloudEvent<'video.deleted'>): Promise<void> {
    const { db, env, services } = this.context;
    await services.find('transcoder')?.cancelForVideo(data.uid);
    await services.find('upload')?.abortForVideo(data.uid);
    await removePrefix(env.MEDIA, videoPrefix(data.uid));
    await db.delete(videos).where(and(eq(videos.uid, data.uid), isNotNull(videos.deletedAt)));
  }

  /** Subscriber of `video.ready`. */
  async removeOldRuns({ data }: CloudEvent<'video.ready'>): Promise<void> {
    const row = await this.rowOf(data.uid);
    if (row !== undefined) await this.removeOldRunsOf(row);
  }

  async publishPlayback(uid: string): Promise<void> {
    await publishPlayback({ db: this.context.db, bucket: this.context.env.MEDIA }, uid);
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
      await this.move(uid, isOver, { now, set: { previousRevision: null } });
      await this.publishPlayback(uid);
      const row = await this.rowOf(uid);
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

  /**
   * One conditional move with its event. True when this call made it.
   * The event goes first, under the move's own condition: a move that finds nothing to do announces nothing.
   */
  private async move(
    uid: string,
    condition: SQL | undefined,
    change: { readonly now: number; readonly set: VideoChange; readonly event?: CloudEvent },
  ): Promise<boolean> {
    const { db, events } = this.context;
    const { now, set, event } = change;
    const movable = and(eq(videos.uid, uid), isNull(videos.deletedAt), condition);
    const update = db
      .update(videos)
      .set({ ...set, modifiedAt: now, playbackVersion: sql`playback_version + 1` })
      .where(movable)
      .returning({ uid: videos.uid });
    const willMove = sql`EXISTS (SELECT 1 FROM ${videos} WHERE ${movable})`;
    const [first, ...rest] = [...(event ? events.record(event, willMove) : []), update] as const;
    const moved = (await db.batch([first, ...rest])).at(-1);
    const hasMoved = Array.isArray(moved) && moved.length > 0;
    if (event && hasMoved) this.announce(event);
    return hasMoved;
  }

  private announce<T extends EventType>(event: CloudEvent<T>): void {
    const { events, services } = this.context;
    waitUntil(events.send(event.id));
    const armed = services.find('worker')?.armSweeper();
    if (armed !== undefined) waitUntil(armed.catch(() => undefined));
  }

  private async removeOldRunsOf(row: VideoRow): Promise<void> {
    const { uid, publishedRevision, previousRevision, revision } = row;
    const kept = [publishedRevision, previousRevision, revision].filter((each) => each !== null);
    await removeOldRuns(this.context.env.MEDIA, uid, kept);
  }

  private current(run: RunId, states: readonly VideoState[]): SQL | undefined {
    return and(eq(videos.revision, run.revision), inArray(videos.state, [...states]));
  }

  private async isRun(run: RunId, states: readonly VideoState[]): Promise<boolean> {
    const row = await this.rowOf(run.uid);
    return row !== undefined && row.revision === run.revision && states.includes(row.state);
  }

  private async rowOf(uid: string): Promise<VideoRow | undefined> {
    const [row] = await this.context.db
      .select()
      .from(videos)
      .where(and(eq(videos.uid, uid), isNull(videos.deletedAt)));
    return row;
  }

  private async findRow(accountId: string, uid: string): Promise<VideoRow | undefined> {
    const row = await this.rowOf(uid);
    return row?.accountId === accountId ? row : undefined;
  }

  private async requireRow(accountId: string, uid: string): Promise<VideoRow> {
    const row = await this.findRow(accountId, uid);
    if (row === undefined) throw missingVideo(uid);
    return row;
  }

  private async describe(rows: readonly VideoRow[]): Promise<Described[]> {
    const running = rows.filter(
      ({ state, revision }) => state === 'inprogress' && revision !== null,
    );
    const progress = await askProgress(
      this.context.services.find('transcoder'),
      running.map(({ revision }) => jobIdOf(revision ?? '')),
    );
    return rows.map((row) =>
      renderVideo(row, this.context.config.PUBLIC_URL, progress[jobIdOf(row.revision ?? '')]),
    );
  }
}

export function missingVideo(uid: string): AppError {
  return new AppError('video.not_found', `There is no video "${uid}".`);
}

/** `now`, or just behind the newest of the account: pages that begin at the time of the last one lose none. */
function firstFreeTime(accountId: string, now: number): SQL<number> {
  return sql<number>`coalesce(
    (SELECT max(created_at) + 1 FROM videos
      WHERE account_id = ${accountId} AND created_at BETWEEN ${now} AND ${now + MAX_CROWD_MS}),
    ${now})`;
}

function deletedNow(uid: string, now: number): SQL {
  return sql`EXISTS (SELECT 1 FROM videos WHERE uid = ${uid} AND deleted_at = ${now})`;
}

/** Absent keeps, null removes. */
function toChange(edit: VideoEdit, row: VideoRow): VideoChange {
  const name = edit.meta?.['name'];
  return {
    ...(edit.allowedOrigins !== undefined && { allowedOrigins: edit.allowedOrigins }),
    ...(edit.creator !== undefined && { creator: edit.creator }),
    ...(edit.maxDurationSeconds !== undefined && { maxDurationSeconds: edit.maxDurationSeconds }),
    ...(edit.meta !== undefined && {
      meta: edit.meta,
      name: typeof name === 'string' ? name : row.name,
    }),
    ...(edit.publicDetails !== undefined && { publicDetails: edit.publicDetails }),
    ...(edit.requireSignedURLs !== undefined && { requireSignedUrls: edit.requireSignedURLs }),
    ...(edit.scheduledDeletion !== undefined && { scheduledDeletion: edit.scheduledDeletion }),
    ...(edit.thumbnailTimestampPct !== undefined && {
      thumbnailTimestampPct: edit.thumbnailTimestampPct,
    }),
    ...(edit.uploadExpiry !== undefined && { uploadExpiresAt: edit.uploadExpiry }),
  };
}
