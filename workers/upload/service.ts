import { AppError, isAppError } from '../../src/contracts/errors.ts';
import { jobIdOf } from '../../src/contracts/ids.ts';
import type { NewVideo, UploadApi } from '../../src/contracts/service-apis.ts';
import { digestValue } from '../../src/http/idempotency.ts';
import type { ServiceContext } from '../../src/kernel/service-context.ts';
import { currentTraceparent } from '../../src/kernel/trace-scope.ts';
import { describeEndedUpload, describeUpload, summariseUpload } from './describe-upload.ts';
import { discardUpload } from './finish-upload.ts';
import { FORM_PART_BYTES, planParts } from './plan-parts.ts';
import { receivePart } from './receive-part.ts';
import type { PartRequest } from './receive-part.ts';
import { keyReused, keySpent, refuse, uploadNotFound } from './refuse.ts';
import { isUploadId } from './session-stub.ts';
import type { SessionStub } from './session-stub.ts';
import { createUploadIds } from './upload-ids.ts';
import {
  deleteUpload,
  findUpload,
  findUploadOfVideo,
  insertUpload,
  listUploads,
  setUploadExpiry,
} from './upload-rows.ts';
import type { UploadRow } from './upload-rows.ts';
import type { CreateUpload, UploadDescription, UploadSummary } from './upload-schemas.ts';
import type { CompleteAnswer, RecordedPart, UploadPlan, UploadView } from './upload-state.ts';

/** How many part numbers an error names. */
const NAMED_PARTS = 20;
/** A form is read in one request; if that dies, nobody can go on with it. */
const FORM_EXPIRY_MS = 60 * 60_000;

export type FormVideo = Pick<NewVideo, 'name' | 'creator' | 'requireSignedURLs' | 'profile'>;

export interface CompletedUpload {
  readonly uid: string;
  readonly jobId: string;
}

/** Uploads in parts: the row in D1 finds them, the session object decides, R2 keeps the bytes. */
export class UploadService implements UploadApi {
  private readonly context: ServiceContext;

  constructor(context: ServiceContext) {
    this.context = context;
  }

  /** Begins an upload. The same idempotency key leads to the same upload. */
  async create(
    accountId: string,
    wish: CreateUpload,
    idempotencyKey?: string,
  ): Promise<UploadDescription> {
    await this.checkProfile(accountId, wish);
    const now = Date.now();
    const plan: UploadPlan = {
      ...(await createUploadIds(accountId, idempotencyKey, now)),
      accountId,
      name: wish.name,
      ...this.planSize(wish),
      wishDigest: await digestValue(wish),
      createdAt: now,
      expiresAt: now + this.context.config.UPLOAD_EXPIRY_SECONDS * 1000,
    };
    if (idempotencyKey !== undefined) await this.refuseDeleted(plan.uid);
    const view = await this.begin(plan);
    if (!isSameWish(view.plan, plan)) throw keyReused();
    if (view.state === 'open') await this.makeVideo(toVideo(view.plan, wish));
    return describeUpload(view);
  }

  /** Throws `profile.not_found`: better now than when the bytes are there. */
  private async checkProfile(
    accountId: string,
    { profile }: { readonly profile?: string | undefined },
  ): Promise<void> {
    if (profile === undefined) return;
    await this.context.services.get('transcoder').requireProfile(accountId, profile);
  }

  /** Begins the upload of a form's file, whose size and name are known only when the form has been read. */
  async beginForm(accountId: string): Promise<UploadPlan> {
    const now = Date.now();
    const ids = await createUploadIds(accountId, undefined, now);
    const times = { createdAt: now, expiresAt: now + FORM_EXPIRY_MS };
    const plan = { ...ids, accountId, name: '', partSizeBytes: FORM_PART_BYTES, ...times };
    await this.begin(plan);
    return plan;
  }

  /** Makes the video of a form that was read to its end; answers its uid. */
  async finishForm(plan: UploadPlan, sizeBytes: number, video: FormVideo): Promise<string> {
    const { id, uid, accountId } = plan;
    await this.checkProfile(accountId, video);
    await this.makeVideo({ uid, accountId, meta: {}, sizeBytes, ...video });
    await settled(this.session(id).seal(sizeBytes));
    try {
      await this.complete(accountId, id);
    } catch (error) {
      if (!(await this.isCompleting(accountId, id))) throw error;
    }
    return uid;
  }

  /** True when the session brings the upload to its end by itself: to send the file again would make a second video. */
  private async isCompleting(accountId: string, id: string): Promise<boolean> {
    const view = await this.session(id).view(accountId);
    return view?.state === 'completing' || view?.state === 'completed';
  }

  async putPart(id: string, request: PartRequest): Promise<RecordedPart> {
    const { env, metrics } = this.context;
    return receivePart(env.MEDIA, this.session(id), request, metrics);
  }

  async describe(accountId: string, id: string): Promise<UploadDescription> {
    const view = await this.session(id).view(accountId);
    if (view !== undefined) return describeUpload(view);
    const row = await this.getRow(accountId, id);
    const video = await this.context.services.get('metadata').findVideo(accountId, row.uid);
    return describeEndedUpload(row, video);
  }

  async list(
    accountId: string,
    page: { readonly before?: string | undefined; readonly limit: number },
  ): Promise<readonly UploadSummary[]> {
    const rows = await listUploads(this.context.db, accountId, page);
    return rows.map((row) => summariseUpload(row, Date.now()));
  }

  /** Makes the video of the parts. Every repeat gets the same answer. */
  async complete(accountId: string, id: string): Promise<CompletedUpload> {
    const answer = await settled<CompleteAnswer>(
      this.session(id).complete(accountId, currentTraceparent()),
    );
    if (answer.kind === 'completed') {
      return { uid: answer.uid, jobId: jobIdOf(answer.revision) };
    }
    if (answer.kind === 'unknown') return this.recallCompletion(accountId, id);
    throw answer.kind === 'incomplete' ? incomplete(answer) : refuse(answer);
  }

  /** Ends an upload without a file; one that has ended so before stays as it is. */
  async abort(accountId: string, id: string): Promise<void> {
    const state = await settled(this.session(id).close(accountId, 'aborted'));
    if (state === 'aborted' || state === 'expired') return;
    if (state !== 'unknown') throw refuse({ kind: 'closed', state });
    const row = await this.getRow(accountId, id);
    if (row.state === 'completed') throw refuse({ kind: 'closed', state: 'completed' });
    await discardUpload(this.context, row, 'aborted');
  }

  async abortForVideo(uid: string): Promise<void> {
    const row = await findUploadOfVideo(this.context.db, uid);
    if (row === undefined) return;
    const session = this.session(row.id);
    const state = await session.close(row.accountId, 'aborted');
    if (state === 'unknown' && row.state === 'open')
      await discardUpload(this.context, row, 'aborted');
    // One that is being completed finds out by itself that the video is gone, and removes the source.
    if (state !== 'completing') await session.forget();
    await deleteUpload(this.context.db, row.id);
  }

  async moveExpiry(uid: string, expiresAt: number): Promise<boolean> {
    const row = await findUploadOfVideo(this.context.db, uid);
    if (row === undefined || !(await this.session(row.id).moveExpiry(expiresAt))) return false;
    await setUploadExpiry(this.context.db, row.id, expiresAt);
    return true;
  }

  /** Ends an overdue upload whose own alarm has not done so. */
  async expire(row: UploadRow): Promise<void> {
    const state = await this.session(row.id).close(row.accountId, 'expired');
    if (state === 'unknown') await discardUpload(this.context, row, 'expired');
  }

  /** The object of an upload. Throws `upload.not_found` for what cannot be an id. */
  session(id: string): SessionStub {
    if (!isUploadId(id)) throw uploadNotFound();
    return this.context.env.UPLOAD_SESSION.getByName(id);
  }

  /** The row first, so that the sweep finds what is begun; then the session, which decides between two requests of one key. */
  private async begin(plan: UploadPlan): Promise<UploadView> {
    const { id, uid, accountId, createdAt, expiresAt } = plan;
    const row = { id, uid, accountId, state: 'open' as const, createdAt, expiresAt };
    const stored = await insertUpload(this.context.db, row);
    return stored.state === 'open' ? settled(this.session(id).open(plan)) : this.recall(stored);
  }

  private async makeVideo(video: NewVideo): Promise<void> {
    await this.context.services.get('metadata').createVideo(video);
  }

  /** Ids made of a key come again; those of a deleted video never begin anything. */
  private async refuseDeleted(uid: string): Promise<void> {
    if (await this.context.services.get('metadata').wasDeleted(uid)) throw keySpent();
  }

  private async recall(row: UploadRow): Promise<UploadView> {
    const view = await this.session(row.id).view(row.accountId);
    if (view === undefined) throw keySpent();
    return view;
  }

  private async recallCompletion(accountId: string, id: string): Promise<CompletedUpload> {
    const row = await this.getRow(accountId, id);
    const video = await this.context.services.get('metadata').findVideo(accountId, row.uid);
    if (row.state === 'completed' && video?.revision !== undefined) {
      return { uid: row.uid, jobId: jobIdOf(video.revision) };
    }
    throw refuse({ kind: 'closed', state: row.state === 'open' ? 'aborted' : row.state });
  }

  private async getRow(accountId: string, id: string): Promise<UploadRow> {
    const row = await findUpload(this.context.db, accountId, id);
    if (row === undefined) throw uploadNotFound();
    return row;
  }

  private planSize(wish: CreateUpload): Pick<UploadPlan, 'partSizeBytes' | 'size'> {
    const { UPLOAD_MAX_BYTES } = this.context.config;
    const { sizeBytes } = wish;
    if (sizeBytes > UPLOAD_MAX_BYTES) {
      throw new AppError(
        'request.too_large',
        `A file may have up to ${UPLOAD_MAX_BYTES} bytes here; this one has ${sizeBytes}.`,
        { pointer: '/sizeBytes' },
      );
    }
    const parts = planParts(sizeBytes, wish.partSizeBytes);
    if (parts === undefined) {
      throw new AppError(
        'request.invalid',
        'Parts of this size would be more than 10,000. Choose larger ones or leave partSizeBytes out.',
        { pointer: '/partSizeBytes' },
      );
    }
    const { partSizeBytes, partCount } = parts;
    return { partSizeBytes, size: { sizeBytes, partCount } };
  }
}

/** The object goes on by itself after a failure here, so the caller only has to ask again. */
async function settled<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isAppError(error)) throw error;
    throw new AppError(
      'storage.unavailable',
      'The storage did not answer as it should. Nothing is lost; send the same request again.',
      { retryAfterSeconds: 2 },
      error,
    );
  }
}

/** An upload of an earlier version has no digest; its name and size must do. */
function isSameWish(begun: UploadPlan, asked: UploadPlan): boolean {
  if (begun.wishDigest !== undefined) return begun.wishDigest === asked.wishDigest;
  return begun.name === asked.name && begun.size?.sizeBytes === asked.size?.sizeBytes;
}

function toVideo(plan: UploadPlan, wish: CreateUpload): NewVideo {
  const { name, contentType, meta, sizeBytes } = wish;
  const { creator, requireSignedURLs, allowedOrigins, maxDurationSeconds, profile } = wish;
  return {
    uid: plan.uid,
    accountId: plan.accountId,
    name,
    meta: { ...(contentType !== undefined && { filetype: contentType }), ...meta },
    sizeBytes,
    uploadExpiresAt: plan.expiresAt,
    ...(creator !== undefined && { creator }),
    ...(requireSignedURLs !== undefined && { requireSignedURLs }),
    ...(allowedOrigins !== undefined && { allowedOrigins }),
    ...(maxDurationSeconds !== undefined && { maxDurationSeconds }),
    ...(profile !== undefined && { profile }),
  };
}

function incomplete(answer: Extract<CompleteAnswer, { kind: 'incomplete' }>): AppError {
  const { missing } = answer;
  const named = missing.slice(0, NAMED_PARTS);
  const more = missing.length > named.length ? ` and ${missing.length - named.length} more` : '';
  return new AppError(
    'upload.incomplete',
    `Parts are missing: ${named.join(', ')}${more}. Send them and complete again.`,
    {
      errors: missing.map((partNumber) => ({
        pointer: `/parts/${partNumber}`,
        message: `Part ${partNumber} has not arrived.`,
      })),
    },
  );
}
