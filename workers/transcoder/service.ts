import { and, desc, eq, inArray, lt } from 'drizzle-orm';

import type { CloudEvent } from '../../src/contracts/events.ts';
import { AppError } from '../../src/contracts/errors.ts';
import { createRevision, jobIdOf } from '../../src/contracts/ids.ts';
import type { ImageOrder } from '../../src/contracts/image-task.ts';
import type { EncoderHealth } from '../../src/contracts/task-protocol.ts';
import type { JobProgress, TranscoderApi, Workload } from '../../src/contracts/service-apis.ts';
import { jobs } from '../../src/db/transcoder.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { currentTraceparent } from '../../src/kernel/trace-scope.ts';
import type { TranscodeJob } from '../../durable-objects/transcode-job.ts';
import type { JobDescription } from './describe-job.ts';
import { createProcessEncoder } from './encoder.ts';
import { workloadOf } from './job-standing.ts';
import { toJobTrace } from './job-trace.ts';
import { Profiles, unknownProfile } from './profiles.ts';

/** A job whose row did not change for this long is poked: its alarm may be lost. */
const REARM_AFTER_MS = 60_000;
const REARM_LIMIT = 50;
/** The oldest unfinished jobs are asked how they stand, the others are taken to be like them. */
const ASKED_JOBS = 25;
/** Readers of progress look twice a second. */
const LOOK_AT_ENCODER_EVERY_MS = 5000;

export type JobRow = typeof jobs.$inferSelect;

export interface JobFilter {
  readonly uid?: string;
  readonly state?: JobRow['state'];
  readonly before?: string;
  readonly limit: number;
}

/** The transcoder's calls, for other services and for its own routes. */
export class TranscoderService implements TranscoderApi {
  readonly profiles: Profiles;
  private readonly context: ServiceContext;
  /** What the last look at the encoder found. */
  private encoder: { readonly seenAt: number; readonly trouble?: string } = { seenAt: 0 };

  constructor(context: ServiceContext) {
    this.context = context;
    this.profiles = new Profiles(context.db);
  }

  /** Subscriber of `video.uploaded`: the only beginning of a transcode. */
  async startJob({ data }: CloudEvent<'video.uploaded'>): Promise<void> {
    const { uid, accountId, revision, sizeBytes } = data;
    const id = jobIdOf(revision);
    const now = Date.now();
    const video = await this.context.services.get('metadata').findVideo(accountId, uid);
    if (video?.revision !== revision) return;
    const profile = await this.profiles.find(accountId, video.profile);
    if (profile === undefined) {
      // Never another one in its place: nobody would know why the video looks different.
      const reason = `The profile "${video.profile}" is gone. Process the video again with another one.`;
      await this.context.services
        .get('metadata')
        .failed({ uid, revision }, 'ERR_UNSUPPORTED', reason);
      return;
    }
    await this.context.db
      .insert(jobs)
      .values({ id, uid, accountId, revision, state: 'queued', createdAt: now, updatedAt: now })
      .onConflictDoNothing();
    const maxDurationSeconds =
      video.maxDurationSeconds ?? this.context.config.SOURCE_MAX_DURATION_SECONDS;
    await this.stub(id).start({
      id,
      uid,
      accountId,
      revision,
      sourceSizeBytes: sizeBytes,
      maxDurationSeconds,
      profile,
      trace: toJobTrace(this.context.tracer.placeBelow(currentTraceparent())),
    });
    // A purge that overtook this call found no job to stop.
    const left = await this.context.services.get('metadata').findVideo(accountId, uid);
    if (left === undefined) await this.cancelForVideo(uid);
  }

  async progress(jobIds: readonly string[]): Promise<Record<string, JobProgress>> {
    const entries = await Promise.all(
      jobIds.map(async (id) => [id, await this.stub(id).progress()] as const),
    );
    return Object.fromEntries(
      entries.flatMap(([id, progress]) => (progress ? [[id, progress]] : [])),
    );
  }

  async encoderHealth(): Promise<EncoderHealth> {
    const { TRANSCODER_URL, TASK_TOKEN_SECRET } = this.context.config;
    if (TRANSCODER_URL === '') {
      throw new AppError(
        'task.unavailable',
        'No encoder is configured. Set TRANSCODER_URL to the address of an encoder process.',
      );
    }
    if (TRANSCODER_URL === 'container')
      return this.context.env.TRANSCODER.getByName('runner-0').containerHealth();
    return createProcessEncoder(TRANSCODER_URL, TASK_TOKEN_SECRET).health();
  }

  async workload(): Promise<Workload> {
    const { db } = this.context;
    const oldest = db
      .select({ id: jobs.id })
      .from(jobs)
      .where(inArray(jobs.state, ['queued', 'inprogress']))
      .orderBy(jobs.id)
      .limit(ASKED_JOBS);
    const [queued, inProgress, rows] = await Promise.all([
      db.$count(jobs, eq(jobs.state, 'queued')),
      db.$count(jobs, eq(jobs.state, 'inprogress')),
      oldest,
    ]);
    const standings = await Promise.all(rows.map(({ id }) => this.stub(id).standing()));
    return workloadOf(
      { queued, inProgress },
      standings.filter((each) => each !== undefined),
    );
  }

  /** One image always goes to the same runner, so that it is made once however many ask for it. */
  async makeImage(order: ImageOrder): Promise<boolean> {
    if (this.context.config.TRANSCODER_URL === '') return false;
    const slot = slotOf(order.key, this.context.config.TRANSCODER_SLOTS);
    return this.context.env.TRANSCODER.getByName(`runner-${slot}`).makeImage(order);
  }

  /** Stops and forgets every job of a video. */
  async cancelForVideo(uid: string): Promise<void> {
    const rows = await this.context.db.select({ id: jobs.id }).from(jobs).where(eq(jobs.uid, uid));
    for (const { id } of rows) {
      await this.stub(id).cancel();
      await this.stub(id).forget();
      await this.context.db.delete(jobs).where(eq(jobs.id, id));
    }
  }

  async poke(jobId: string): Promise<void> {
    await this.stub(jobId).poke();
  }

  /** Newest first. */
  async list(accountId: string, filter: JobFilter): Promise<JobRow[]> {
    return this.context.db
      .select()
      .from(jobs)
      .where(
        and(
          eq(jobs.accountId, accountId),
          filter.uid === undefined ? undefined : eq(jobs.uid, filter.uid),
          filter.state === undefined ? undefined : eq(jobs.state, filter.state),
          filter.before === undefined ? undefined : lt(jobs.id, filter.before),
        ),
      )
      .orderBy(desc(jobs.id))
      .limit(filter.limit);
  }

  /** Throws `job.not_found`, also for another account's job. */
  async describe(accountId: string, id: string): Promise<JobDescription> {
    await this.requireRow(accountId, id);
    const description = await this.stub(id).describe();
    if (description === undefined)
      throw new AppError('job.not_found', `The details of job "${id}" are no longer kept.`);
    const waiting = await this.whyWaiting(description);
    return { ...description, ...(waiting !== undefined && { waiting }) };
  }

  /** Throws `job.not_found`, `job.finished` or, when its video is about to play, `job.publishing`. */
  async cancel(accountId: string, id: string): Promise<JobDescription> {
    await this.requireRow(accountId, id);
    const outcome = await this.stub(id).cancel();
    if (outcome === 'over')
      throw new AppError('job.finished', 'This job is over; there is nothing to cancel.');
    if (outcome === 'publishing') {
      throw new AppError(
        'job.publishing',
        'Everything is encoded and this job is being published. Delete the video if it is not wanted.',
      );
    }
    return this.describe(accountId, id);
  }

  async requireProfile(accountId: string, name: string): Promise<void> {
    if ((await this.profiles.find(accountId, name)) === undefined) throw unknownProfile(name);
  }

  /** A new run of a video that is `ready` or in `error`, with another profile if one is named; answers the job's id. */
  async submit(accountId: string, uid: string, profile?: string): Promise<string> {
    const metadata = this.context.services.get('metadata');
    // A video may name a profile that was deleted since: refused here, its last run plays on.
    const wanted = profile ?? (await metadata.findVideo(accountId, uid))?.profile;
    if (wanted !== undefined) await this.requireProfile(accountId, wanted);
    const revision = createRevision(Date.now());
    const run = { uid, revision, ...(profile !== undefined && { profile }) };
    await metadata.restart(accountId, run);
    return jobIdOf(revision);
  }

  /** Second net under the alarms: pokes jobs that have not moved for a minute. */
  async rearm(now: number): Promise<boolean> {
    const stale = this.context.db
      .select({ id: jobs.id })
      .from(jobs)
      .where(
        and(
          inArray(jobs.state, ['queued', 'inprogress']),
          lt(jobs.updatedAt, now - REARM_AFTER_MS),
        ),
      )
      .limit(REARM_LIMIT);
    const rows = await this.context.db
      .update(jobs)
      .set({ updatedAt: now })
      .where(inArray(jobs.id, stale))
      .returning({ id: jobs.id });
    await Promise.all(rows.map(({ id }) => this.stub(id).poke()));
    return rows.length === REARM_LIMIT;
  }

  /** What keeps the encoder from a job of which no task runs. */
  private async whyWaiting(job: JobDescription): Promise<string | undefined> {
    const isRunning = job.tasks.some(({ state }) => state === 'running');
    if (isRunning || job.endedAt !== undefined) return undefined;
    const now = Date.now();
    if (now - this.encoder.seenAt > LOOK_AT_ENCODER_EVERY_MS) {
      const trouble = await this.encoderTrouble();
      this.encoder = { seenAt: now, ...(trouble !== undefined && { trouble }) };
    }
    return this.encoder.trouble;
  }

  private async encoderTrouble(): Promise<string | undefined> {
    try {
      const { busy, slots } = await this.encoderHealth();
      return busy < slots ? undefined : `All ${slots} slots of the encoder are busy.`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private async requireRow(accountId: string, id: string): Promise<JobRow> {
    const [row] = await this.context.db
      .select()
      .from(jobs)
      .where(and(eq(jobs.id, id), eq(jobs.accountId, accountId)));
    if (row === undefined) throw new AppError('job.not_found', `There is no job "${id}".`);
    return row;
  }

  private stub(id: string): DurableObjectStub<TranscodeJob> {
    return this.context.env.TRANSCODE_JOB.getByName(id);
  }
}

function slotOf(key: string, slots: number): number {
  const hash = Array.from(key).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
  return hash % slots;
}
