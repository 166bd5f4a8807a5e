import { waitUntil } from 'cloudflare:workers';
import { and, count, eq, inArray, isNotNull, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';

import { AppError } from '../../src/contracts/errors.ts';
import { jobIdOf } from '../../src/contracts/ids.ts';
import type { SourceFacts } from '../../src/contracts/media.ts';
import type { MetadataApi, NewVideo, RunId, Video } from '../../src/contracts/service-apis.ts';
import type { FailureCode } from '../../src/contracts/task-protocol.ts';
import { tombstones, videos } from '../../src/db/metadata.ts';
import { createEvent } from '../../src/kernel/event-bus.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { askProgress } from './ask-progress.ts';
import type { VideoEdit } from './edit-schema.ts';
import { listCondition, listOrder } from './list-query.ts';
import type { ListQuery } from './list-query.ts';
import { moveUploadExpiry } from './move-upload-expiry.ts';
import { renderVideo } from './stream-video.ts';
import { missingVideo } from './video-moves.ts';
import type { VideoChange, VideoMoves } from './video-moves.ts';
import type { VideoRemoval } from './video-removal.ts';
import { toVideo } from './video-rows.ts';
import type { VideoRow } from './video-rows.ts';

const SOURCE = 'metadata';
/** Videos made in one moment stand a millisecond apart; a row further ahead comes from a wrong clock. */
const MAX_CROWD_MS = 1000;

type Described = Record<string, unknown>;

/** What other services and the routes ask of the videos. */
export class MetadataService implements MetadataApi {
  private readonly context: ServiceContext;
  private readonly moves: VideoMoves;
  private readonly removal: VideoRemoval;

  constructor(context: ServiceContext, moves: VideoMoves, removal: VideoRemoval) {
    this.context = context;
    this.moves = moves;
    this.removal = removal;
  }

  async createVideo(video: NewVideo): Promise<Video> {
    const now = Date.now();
    const { db } = this.context;
    if (await this.wasDeleted(video.uid))
      throw new AppError('video.not_found', 'This video was deleted.');
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
        profile: video.profile ?? null,
        createdAt: firstFreeTime(video.accountId, now),
        modifiedAt: now,
      })
      .onConflictDoNothing();
    return toVideo(await this.moves.requireRow(video.accountId, video.uid));
  }

  async findVideo(accountId: string, uid: string): Promise<Video | undefined> {
    const row = await this.moves.findRow(accountId, uid);
    return row && toVideo(row);
  }

  async wasDeleted(uid: string): Promise<boolean> {
    return (await this.context.db.$count(tombstones, eq(tombstones.uid, uid))) > 0;
  }

  async describeVideo(accountId: string, uid: string): Promise<Described | undefined> {
    const row = await this.moves.findRow(accountId, uid);
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
    const row = await this.moves.rowOf(run.uid);
    if (row === undefined) return false;
    const { uid, revision, sizeBytes } = run;
    const now = Date.now();
    const data = { uid, revision, accountId: row.accountId, sizeBytes };
    const moved = await this.moves.move(uid, eq(videos.state, 'pendingupload'), {
      now,
      set: { state: 'queued', revision, sizeBytes, uploadedAt: now, uploadExpiresAt: null },
      event: createEvent('video.uploaded', data, { source: SOURCE, run: revision, now }),
    });
    if (moved) await this.announceProcessing(uid);
    return moved || this.moves.isRun(run, ['queued', 'inprogress', 'ready', 'error']);
  }

  /** From here on viewers hear that the video is not ready yet, not that there is none. The upload is complete without. */
  private async announceProcessing(uid: string): Promise<void> {
    try {
      await this.moves.publishPlayback(uid);
    } catch (error) {
      this.context.logger.warn('playback.announce.failed', { videoUid: uid, error });
    }
  }

  async restart(
    accountId: string,
    { uid, revision, profile }: RunId & { readonly profile?: string },
  ): Promise<void> {
    const { sizeBytes, state } = await this.moves.requireRow(accountId, uid);
    const now = Date.now();
    const data = { uid, revision, accountId, sizeBytes };
    const moved = await this.moves.move(
      uid,
      and(inArray(videos.state, ['ready', 'error']), isNotNull(videos.uploadedAt)),
      {
        now,
        set: {
          ...{ state: 'queued', revision, errorReasonCode: '', errorReasonText: '' },
          ...(profile !== undefined && { profile }),
        },
        event: createEvent('video.uploaded', data, { source: SOURCE, run: revision, now }),
      },
    );
    if (moved) {
      waitUntil(this.afterRestart(uid));
      return;
    }
    if (await this.moves.isRun({ uid, revision }, ['queued', 'inprogress', 'ready', 'error']))
      return;
    throw new AppError(
      'video.busy',
      `This video is "${state}"; only one that is ready or in error can be processed again.`,
    );
  }

  /** Playback hears that the failure is being mended; what the failed run left goes. The next `video.ready` does both again. */
  private async afterRestart(uid: string): Promise<void> {
    try {
      const row = await this.moves.rowOf(uid);
      if (row === undefined) return;
      await this.moves.publishPlayback(uid);
      await this.removal.removeOldRunsOf(row);
    } catch (error) {
      this.context.logger.warn('restart.cleanup.failed', { videoUid: uid, error });
    }
  }

  async encodeStarted(run: RunId): Promise<boolean> {
    const moved = await this.moves.move(run.uid, this.moves.current(run, ['queued']), {
      now: Date.now(),
      set: { state: 'inprogress' },
    });
    return moved || this.moves.isRun(run, ['inprogress']);
  }

  async sourceProbed(run: RunId, facts: SourceFacts): Promise<boolean> {
    const { durationSeconds, video } = facts;
    const set = { durationSeconds, width: video?.width ?? null, height: video?.height ?? null };
    return this.moves.move(run.uid, this.moves.current(run, ['inprogress']), {
      now: Date.now(),
      set,
    });
  }

  async published(run: RunId & { readonly durationSeconds: number }): Promise<boolean> {
    const row = await this.moves.rowOf(run.uid);
    if (row === undefined) return false;
    const { uid, revision, durationSeconds } = run;
    const now = Date.now();
    const data = { uid, revision, accountId: row.accountId };
    const moved = await this.moves.move(uid, this.moves.current(run, ['inprogress']), {
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
    if (!moved && !(await this.isPlayable(run))) return false;
    await this.moves.publishPlayback(uid);
    return true;
  }

  async isPlayable({ uid, revision }: RunId): Promise<boolean> {
    const row = await this.moves.rowOf(uid);
    return row?.publishedRevision === revision || row?.previousRevision === revision;
  }

  async failed(run: RunId, code: FailureCode, text: string): Promise<boolean> {
    const row = await this.moves.rowOf(run.uid);
    if (row === undefined) return false;
    const { uid, revision } = run;
    const now = Date.now();
    const data = { uid, revision, accountId: row.accountId, reasonCode: code, reasonText: text };
    const moved = await this.moves.move(uid, this.moves.current(run, ['queued', 'inprogress']), {
      now,
      set: { state: 'error', errorReasonCode: code, errorReasonText: text },
      event: createEvent('video.failed', data, { source: SOURCE, run: revision, now }),
    });
    if (!moved && !(await this.moves.isRun(run, ['error']))) return false;
    await this.moves.publishPlayback(uid);
    return true;
  }

  async uploadExpired(uid: string): Promise<void> {
    await this.context.db
      .delete(videos)
      .where(and(eq(videos.uid, uid), eq(videos.state, 'pendingupload')));
  }

  /** Changes what the caller may change. Playback knows it when this answers. */
  async edit(accountId: string, uid: string, edit: VideoEdit): Promise<Described> {
    const row = await this.moves.requireRow(accountId, uid);
    if (edit.uid !== undefined && edit.uid !== uid) {
      throw new AppError('request.invalid', 'A uid cannot be changed.', { pointer: '/uid' });
    }
    const now = Date.now();
    if (edit.uploadExpiry !== undefined)
      await moveUploadExpiry(this.context.services, row, edit.uploadExpiry, now);
    const data = { uid, accountId };
    const run = `${row.playbackVersion + 1}.${now}`;
    await this.moves.move(uid, eq(videos.accountId, accountId), {
      now,
      set: toChange(edit, row),
      event: createEvent('video.updated', data, { source: SOURCE, run, now }),
    });
    if (row.uploadedAt !== null) await this.moves.publishPlayback(uid);
    const described = await this.describeVideo(accountId, uid);
    if (described === undefined) throw missingVideo(uid);
    return described;
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

/** `now`, or just behind the newest of the account: pages that begin at the time of the last one lose none. */
function firstFreeTime(accountId: string, now: number): SQL<number> {
  return sql<number>`coalesce(
    (SELECT max(created_at) + 1 FROM videos
      WHERE account_id = ${accountId} AND created_at BETWEEN ${now} AND ${now + MAX_CROWD_MS}),
    ${now})`;
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
