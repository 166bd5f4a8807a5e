import { DurableObject } from 'cloudflare:workers';

import { createRevision } from '../src/contracts/ids.ts';
import { sourceKey } from '../src/contracts/object-keys.ts';
import { traceStep } from '../src/kernel/trace-scope.ts';
import { serviceContext } from '../src/kernel/worker-host.ts';
import { announceSource, assembleSource, discardUpload } from '../workers/upload/finish-upload.ts';
import { SessionStore } from '../workers/upload/session-store.ts';
import {
  CLAIM_LEASE_MS,
  closeUpload,
  decideClaim,
  decideComplete,
  decideRecord,
  expireUpload,
  isForgettable,
  missingParts,
  moveExpiry,
  nextAlarm,
  openUpload,
  publicState,
  sealSize,
} from '../workers/upload/upload-state.ts';
import type {
  ClaimAnswer,
  CloseReason,
  CompleteAnswer,
  PartWish,
  PublicUploadState,
  RecordAnswer,
  RecordedPart,
  UploadPlan,
  UploadState,
  UploadView,
} from '../workers/upload/upload-state.ts';

/** One upload: who may write which part, which parts count, and the way to its end. A thin shell round `upload-state.ts`. */
export class UploadSession extends DurableObject<Env> {
  private readonly store = new SessionStore(this.ctx.storage);
  private opening: Promise<void> | undefined;
  private settling: Promise<void> | undefined;

  /** Makes the upload, or answers the one that is there. Fails when R2 does; then a repeat goes on. */
  async open(plan: UploadPlan): Promise<UploadView> {
    if (this.store.load() === undefined) this.store.create(openUpload(plan));
    await this.arm();
    this.opening ??= this.beginMultipart().finally(() => {
      this.opening = undefined;
    });
    await this.opening;
    return this.mustView();
  }

  /** The upload as its owner may see it. */
  async view(accountId: string): Promise<UploadView | undefined> {
    return this.loadFor(accountId) === undefined ? undefined : this.mustView();
  }

  async claim(accountId: string, wish: PartWish): Promise<ClaimAnswer> {
    const state = this.loadFor(accountId);
    if (state === undefined) return { kind: 'unknown' };
    const now = Date.now();
    const answer = decideClaim(state, this.store.slot(wish.partNumber), wish, now);
    if (answer.kind === 'claimed')
      this.store.claim(wish.partNumber, { claimId: wish.claimId, until: answer.until }, now);
    return answer;
  }

  /** Extends a claim. Undefined when it has passed to another writer or the upload is over: stop writing. */
  async renew(partNumber: number, claimId: string): Promise<number | undefined> {
    const state = this.store.load();
    if (state === undefined || publicState(state, Date.now()) !== 'open') return undefined;
    if (this.store.slot(partNumber).claim?.claimId !== claimId) return undefined;
    const now = Date.now();
    const until = now + CLAIM_LEASE_MS;
    this.store.claim(partNumber, { claimId, until }, now);
    return until;
  }

  async release(partNumber: number, claimId: string): Promise<void> {
    if (this.store.load() !== undefined) this.store.release(partNumber, claimId);
  }

  async record(part: RecordedPart & { readonly claimId: string }): Promise<RecordAnswer> {
    const state = this.store.load();
    if (state === undefined) return { kind: 'unknown' };
    const answer = decideRecord(state, this.store.slot(part.partNumber), part, Date.now());
    if (answer.kind === 'recorded') this.store.record(answer.part);
    return answer;
  }

  /** Fixes the size of a form's file after its end was read. */
  async seal(sizeBytes: number): Promise<void> {
    const state = this.store.load();
    if (state !== undefined) this.store.save(sealSize(state, sizeBytes));
  }

  /** Ends the upload with its file; every repeat gets the same answer. */
  async complete(accountId: string, traceparent?: string): Promise<CompleteAnswer> {
    const state = this.loadFor(accountId);
    if (state === undefined) return { kind: 'unknown' };
    const now = Date.now();
    const decision = decideComplete(state, this.recorded(), createRevision(now), now);
    if (decision.kind !== 'go') return decision;
    this.store.save({ ...decision.state, ...(traceparent !== undefined && { traceparent }) });
    await this.arm();
    await this.settle();
    return this.outcome();
  }

  /** Ends the upload without a file. Answers how it has ended, which may be by completion before. */
  async close(accountId: string, reason: CloseReason): Promise<PublicUploadState | 'unknown'> {
    const state = this.loadFor(accountId);
    if (state === undefined) return 'unknown';
    const closing = closeUpload(state, reason);
    this.store.save(closing);
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || closing !== state) await this.arm();
    if (closing.phase.kind === 'closing') await this.settle();
    return this.mustView().state;
  }

  /** Moves the end of the upload. False when it is over or being completed. */
  async moveExpiry(expiresAt: number): Promise<boolean> {
    const state = this.store.load();
    if (state === undefined) return false;
    const moved = moveExpiry(state, expiresAt, Date.now());
    if (moved === state) return false;
    this.store.save(moved);
    await this.arm();
    return true;
  }

  /** The video is deleted: nothing of its upload stays. */
  async forget(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  override async alarm(): Promise<void> {
    const state = this.store.load();
    if (state === undefined) return;
    const now = Date.now();
    if (isForgettable(state, now)) {
      await this.ctx.storage.deleteAll();
      return;
    }
    try {
      this.store.save(expireUpload(state, now));
      await this.settle();
    } catch (error) {
      const { logger } = await serviceContext();
      logger.warn('upload.settle.failed', { uploadId: state.id, videoUid: state.uid, error });
    } finally {
      await this.arm();
    }
  }

  private async beginMultipart(): Promise<void> {
    const before = this.mustLoad();
    if (before.multipartId !== undefined || before.phase.kind !== 'open') return;
    const { uploadId } = await this.env.MEDIA.createMultipartUpload(sourceKey(before.uid));
    this.store.save({ ...this.mustLoad(), multipartId: uploadId });
  }

  /** Takes the upload to its end; callers that come meanwhile wait for the same work. */
  private async settle(): Promise<void> {
    this.settling ??= this.advance().finally(() => {
      this.settling = undefined;
    });
    await this.settling;
  }

  private async advance(): Promise<void> {
    const { id, uid, phase, traceparent } = this.mustLoad();
    if (phase.kind === 'open' || phase.kind === 'completed' || phase.kind === 'closed') return;
    const { tracer } = await serviceContext();
    const unit = {
      name: `upload.${phase.kind}`,
      kind: 'internal',
      parent: traceparent,
      fields: { uploadId: id, videoUid: uid },
    } as const;
    await tracer.unit(unit, () => this.takeToEnd(phase));
  }

  private async takeToEnd(
    phase: Extract<UploadState['phase'], { readonly kind: 'completing' | 'closing' }>,
  ): Promise<void> {
    try {
      if (phase.kind === 'closing') await this.discard(phase.reason);
      else await this.finish(phase.revision, phase.assembled);
    } catch (error) {
      const state = this.mustLoad();
      this.store.save({ ...state, failures: state.failures + 1 });
      throw error;
    } finally {
      await this.arm();
    }
    const { logger } = await serviceContext();
    logger.info('upload.settled', { phase: this.mustLoad().phase.kind });
  }

  private async finish(revision: string, assembled: boolean): Promise<void> {
    if (!assembled && !(await this.assemble(revision))) return;
    const context = await serviceContext();
    const accepted = await traceStep({ name: 'upload.announce' }, () =>
      announceSource(context, this.mustLoad(), revision),
    );
    const at = Date.now();
    if (accepted) this.enter({ kind: 'completed', revision, at });
    else await this.discard('aborted');
  }

  /** False when the file cannot be made now: the upload is open again for the parts in doubt, or over. */
  private async assemble(revision: string): Promise<boolean> {
    const outcome = await traceStep({ name: 'upload.assemble' }, () =>
      assembleSource(this.env.MEDIA, this.mustLoad(), this.store.parts()),
    );
    if (outcome === 'assembled') {
      this.enter({ kind: 'completing', revision, assembled: true });
      return true;
    }
    if (outcome === 'gone') await this.discard('aborted');
    if (outcome === 'stale') {
      this.store.forgetDoubtful();
      this.enter({ kind: 'open' });
    }
    return false;
  }

  private async discard(reason: CloseReason): Promise<void> {
    await discardUpload(await serviceContext(), this.mustLoad(), reason);
    this.enter({ kind: 'closed', reason, at: Date.now() });
  }

  private enter(phase: UploadState['phase']): void {
    this.store.save({ ...this.mustLoad(), phase, failures: 0 });
  }

  private outcome(): CompleteAnswer {
    const state = this.mustLoad();
    const { uid, phase } = state;
    if (phase.kind === 'completed') return { kind: 'completed', uid, revision: phase.revision };
    if (phase.kind !== 'open') return { kind: 'closed', state: publicState(state, Date.now()) };
    return { kind: 'incomplete', missing: missingParts(state, this.recorded()) };
  }

  private recorded(): readonly number[] {
    return this.store.parts().map(({ partNumber }) => partNumber);
  }

  /** One alarm: the time of the state the upload is in. */
  private async arm(): Promise<void> {
    const state = this.store.load();
    if (state !== undefined) await this.ctx.storage.setAlarm(nextAlarm(state, Date.now()));
  }

  private loadFor(accountId: string): UploadState | undefined {
    const state = this.store.load();
    return state?.accountId === accountId ? state : undefined;
  }

  private mustLoad(): UploadState {
    const state = this.store.load();
    if (state === undefined) throw new Error('this upload was never opened');
    return state;
  }

  private mustView(): UploadView {
    const state = this.mustLoad();
    return { plan: state, state: publicState(state, Date.now()), parts: this.store.parts() };
  }
}
