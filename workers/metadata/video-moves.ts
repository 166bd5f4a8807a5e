import { waitUntil } from 'cloudflare:workers';
import { and, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { SQLiteUpdateSetSource } from 'drizzle-orm/sqlite-core';

import { AppError } from '../../src/contracts/errors.ts';
import type { CloudEvent, EventType } from '../../src/contracts/events.ts';
import type { VideoState } from '../../src/contracts/media.ts';
import type { RunId } from '../../src/contracts/service-apis.ts';
import { videos } from '../../src/db/metadata.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { publishPlayback } from './playback-record.ts';
import type { VideoRow } from './video-rows.ts';

export type VideoChange = SQLiteUpdateSetSource<typeof videos>;

/** The videos' rows: how they are found, and how they move. Every move is one conditional UPDATE, in one batch with its event. */
export class VideoMoves {
  private readonly context: ServiceContext;
  /** The read behind every request for one video: its SQL is written once, when it is first needed. */
  private byUid: ReturnType<typeof prepareByUid> | undefined;

  constructor(context: ServiceContext) {
    this.context = context;
  }

  /**
   * One conditional move with its event. True when this call made it.
   * The event goes first, under the move's own condition: a move that finds nothing to do announces nothing.
   */
  async move(
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

  /** Hands a recorded event on; what does not get through is sent by the sweep. */
  announce<T extends EventType>(event: CloudEvent<T>): void {
    const { events, services } = this.context;
    waitUntil(events.send(event.id));
    const armed = services.find('worker')?.armSweeper();
    if (armed !== undefined) waitUntil(armed.catch(() => undefined));
  }

  /** Brings the playback record up to the row. */
  async publishPlayback(uid: string): Promise<void> {
    await publishPlayback({ db: this.context.db, bucket: this.context.env.MEDIA }, uid);
  }

  /** The condition that a run is the video's current one and stands in one of these states. */
  current(run: RunId, states: readonly VideoState[]): SQL | undefined {
    return and(eq(videos.revision, run.revision), inArray(videos.state, [...states]));
  }

  async isRun(run: RunId, states: readonly VideoState[]): Promise<boolean> {
    const row = await this.rowOf(run.uid);
    return row !== undefined && row.revision === run.revision && states.includes(row.state);
  }

  /** The row, whoever owns it; a deleted video has none. */
  async rowOf(uid: string): Promise<VideoRow | undefined> {
    this.byUid ??= prepareByUid(this.context.db);
    return (await this.byUid.execute({ uid }))[0];
  }

  async findRow(accountId: string, uid: string): Promise<VideoRow | undefined> {
    const row = await this.rowOf(uid);
    return row?.accountId === accountId ? row : undefined;
  }

  /** Throws `video.not_found`, also for another account's video. */
  async requireRow(accountId: string, uid: string): Promise<VideoRow> {
    const row = await this.findRow(accountId, uid);
    if (row === undefined) throw missingVideo(uid);
    return row;
  }
}

function prepareByUid(db: ServiceContext['db']) {
  return db
    .select()
    .from(videos)
    .where(and(eq(videos.uid, sql.placeholder('uid')), isNull(videos.deletedAt)))
    .prepare();
}

export function missingVideo(uid: string): AppError {
  return new AppError('video.not_found', `There is no video "${uid}".`);
}
