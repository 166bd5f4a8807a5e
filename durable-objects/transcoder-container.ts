import { DurableObject } from 'cloudflare:workers';

import type { ImageOrder } from '../src/contracts/image-task.ts';
import {
  MAX_OUTPUT_BYTES,
  TASK_PROTOCOL_VERSION,
  taskLineSchema,
} from '../src/contracts/task-protocol.ts';
import type {
  EncoderHealth,
  TaskFailure,
  TaskLine,
  TaskRequest,
} from '../src/contracts/task-protocol.ts';
import { signTaskToken } from '../src/http/task-token.ts';
import type { ServiceContext } from '../src/kernel/service-context.ts';
import { currentTraceparent } from '../src/kernel/trace-scope.ts';
import type { Span } from '../src/kernel/trace-scope.ts';
import { withDeadline } from '../src/kernel/with-deadline.ts';
import { serviceContext } from '../src/kernel/worker-host.ts';
import { createContainerEncoder, taskOrigin } from '../workers/transcoder/container-encoder.ts';
import { createProcessEncoder, unusable } from '../workers/transcoder/encoder.ts';
import type { Encoder } from '../workers/transcoder/encoder.ts';
import { ImageMaker } from '../workers/transcoder/image-maker.ts';
import type { AttemptFailure } from '../workers/transcoder/job-state.ts';
import { toSpanRecords } from '../workers/transcoder/job-trace.ts';
import { readJsonLines } from '../workers/transcoder/json-lines.ts';
import type { LeasedTask, TranscodeJob } from './transcode-job.ts';

const TASK_WALL_MS = 10 * 60_000;
/** The video waits for it and plays as well without. */
const STORYBOARD_WALL_MS = 3 * 60_000;
const HEARTBEAT_EVERY_MS = 2000;
/** An encoder that writes no line for this long is taken as dead. */
const SILENCE_MS = 15_000;
/** Output objects a task may fill; only long audio needs more than one. */
const MAX_PARTS = 8;

/** `started`: a task runs. `idle`: the job has nothing to do now. `busy`: this slot is taken or its encoder does not answer. */
type Offer = 'started' | 'idle' | 'busy';

interface Run {
  readonly jobId: string;
  readonly task?: Pick<LeasedTask, 'taskId' | 'epoch'>;
  readonly abort: AbortController;
}

/** The runner: one task slot of an encoder. It holds the task's streaming request and passes heartbeats on to the job. */
export class TranscoderContainer extends DurableObject<Env> {
  private run: Run | undefined;
  private readonly images = new ImageMaker();
  private inContainer: Encoder | undefined;

  /** Takes the job's most urgent task, if this slot is free. */
  async offer(jobId: string): Promise<Offer> {
    if (this.run !== undefined) return 'busy';
    const run: Run = { jobId, abort: new AbortController() };
    this.run = run;
    let taken = false;
    try {
      const context = await serviceContext();
      const encoder = this.encoder(context);
      const health = await encoder.health().catch(() => undefined);
      if (health === undefined || health.busy >= health.slots) return 'busy';
      const job = this.env.TRANSCODE_JOB.getByName(jobId);
      const { lease } = await job.lease(this.ctx.id.name ?? 'runner');
      if (lease === undefined) return 'idle';
      taken = true;
      const leased = { ...run, task: lease };
      this.run = leased;
      this.ctx.waitUntil(this.drive({ context, encoder, job, lease, run: leased }));
      return 'started';
    } finally {
      if (!taken) this.run = undefined;
    }
  }

  /** Makes an image beside the task, if the encoder has room. True when it is in the store. */
  async makeImage(order: ImageOrder): Promise<boolean> {
    const context = await serviceContext();
    const { logger } = context;
    const encoder = this.encoder(context);
    return this.images.make(order, { bucket: this.env.MEDIA, encoder, logger });
  }

  /** Health of the container's encoder. One that sleeps is left asleep. */
  async containerHealth(): Promise<EncoderHealth> {
    const encoder = this.encoder(await serviceContext());
    if (this.ctx.container?.running === true) return encoder.health();
    const engine = 'container, asleep until there is a task';
    return { status: 'ok', version: TASK_PROTOCOL_VERSION, engine, slots: 1, busy: 0 };
  }

  /** Stops the running task of this job; its ffmpeg is killed. */
  async stopJob(jobId: string): Promise<void> {
    if (this.run?.jobId === jobId) this.run.abort.abort();
  }

  /** Stops this attempt if it still runs here: its lease has ended. */
  async stopAttempt(jobId: string, taskId: string, epoch: number): Promise<void> {
    const { task } = this.run ?? {};
    if (this.run?.jobId !== jobId || task?.taskId !== taskId || task.epoch !== epoch) return;
    this.run.abort.abort(new Error('the lease has ended'));
  }

  /** The one that the configuration names: a process, or the container of this object. */
  private encoder({ config }: ServiceContext): Encoder {
    const { TRANSCODER_URL, TASK_TOKEN_SECRET: secret, LOG_LEVEL: logLevel } = config;
    if (TRANSCODER_URL !== 'container') return createProcessEncoder(TRANSCODER_URL, secret);
    if (this.ctx.container === undefined)
      throw unusable(
        'TRANSCODER_URL is "container", but this Worker has none: deploy it with --containers.',
      );
    this.inContainer ??= createContainerEncoder(this.ctx.container, {
      secret,
      logLevel,
      taskRoutes: this.ctx.exports.TaskDoor,
    });
    return this.inContainer;
  }

  private async drive(work: Work): Promise<void> {
    const { context, lease } = work;
    const { id: jobId, uid: videoUid, taskId, epoch, spec } = lease;
    const unit = {
      name: `task ${spec.kind}`,
      kind: 'client',
      parent: lease.trace?.traceparent,
      attributes: {
        'job.id': jobId,
        'video.uid': videoUid,
        'task.id': taskId,
        'task.epoch': epoch,
      },
      fields: { jobId, videoUid, taskId, epoch },
    } as const;
    await context.tracer.unit(unit, (span) => this.runLeased(work, span));
  }

  private async runLeased(work: Work, span: Span): Promise<void> {
    const { job, lease } = work;
    const { logger } = work.context;
    const { taskId, epoch } = lease;
    logger.info('task.started', { kind: lease.spec.kind });
    const last = await this.followAndFree(work).catch((error: unknown) => toLoss(lease, error));
    if (last.type === 'failure') span.fail(last.failure.code);
    if (last.type === 'result') await job.report(taskId, epoch, last.result, currentTraceparent());
    else await job.fail(last.failure);
    logger.info('task.ended', {
      outcome: last.type,
      ...(last.type === 'failure' && { reason: last.failure.detail }),
    });
  }

  /** The slot is free as soon as the encoder is done: checking the output needs none. */
  private async followAndFree(work: Work): Promise<Ending> {
    const { lease, run } = work;
    try {
      const last = await this.follow(work);
      return last.type === 'result'
        ? last
        : { type: 'failure', failure: toAttemptFailure(lease, last) };
    } finally {
      run.abort.abort();
      if (this.run === run) this.run = undefined;
    }
  }

  /** Reads the task's lines to the last one, with a heartbeat to the job every two seconds. */
  private async follow({
    context,
    encoder,
    job,
    lease,
    run,
  }: Work): Promise<Exclude<TaskLine, { type: 'progress' }>> {
    const { signal } = run.abort;
    const request = await toRequest(context, lease);
    const response = await withDeadline(encoder.run(request, signal), SILENCE_MS);
    if (response.status === 503) return { ...HANDED_BACK, detail: 'every slot was taken' };
    if (!response.ok || response.body === null)
      return { ...REFUSED, detail: `the encoder answered ${response.status}` };
    let beatAt = 0;
    for await (const line of readJsonLines(response.body, SILENCE_MS)) {
      const parsed = taskLineSchema.parse(line);
      if (parsed.type !== 'progress') {
        const spans = toSpanRecords(parsed.spans ?? [], currentTraceparent());
        context.tracer.record(spans, 'streamgate-encoder');
        return parsed;
      }
      if (Date.now() - beatAt < HEARTBEAT_EVERY_MS) continue;
      beatAt = Date.now();
      if (!(await job.heartbeat(lease.taskId, lease.epoch, parsed.frames)))
        throw new Error('the lease was lost');
    }
    throw new Error('the encoder closed the connection');
  }
}

interface Work {
  readonly context: ServiceContext;
  readonly encoder: Encoder;
  readonly job: DurableObjectStub<TranscodeJob>;
  readonly lease: LeasedTask;
  readonly run: Run;
}

const HANDED_BACK = {
  type: 'failure',
  code: 'ERR_UNKNOWN',
  message: 'The encoder handed the task back.',
  retryable: true,
  handedBack: true,
} as const;

/** The encoder does not take tasks from us at all: no fault of this one. */
const REFUSED = {
  type: 'failure',
  code: 'ERR_UNKNOWN',
  message: 'The encoder refused the task.',
  retryable: true,
  unavailable: true,
} as const;

type Ending =
  | Extract<TaskLine, { type: 'result' }>
  | { readonly type: 'failure'; readonly failure: AttemptFailure };

function toLoss({ taskId, epoch }: LeasedTask, error: unknown): Ending {
  const detail = error instanceof Error ? error.message : String(error);
  const failure = {
    taskId,
    epoch,
    outcome: 'lost',
    code: 'ERR_UNKNOWN',
    retryable: true,
    detail,
  } as const;
  return {
    type: 'failure',
    failure: { ...failure, text: 'The encoder was lost while it worked.' },
  };
}

function toAttemptFailure({ taskId, epoch }: LeasedTask, line: TaskFailure): AttemptFailure {
  const { code, message: text, detail, retryable, limited } = line;
  return {
    taskId,
    epoch,
    code,
    text,
    detail,
    retryable,
    ...(limited !== undefined && { limited }),
    outcome: outcomeOf(line),
  };
}

function outcomeOf(line: TaskFailure): AttemptFailure['outcome'] {
  if (line.handedBack === true) return 'handed-back';
  return line.unavailable === true ? 'unavailable' : 'failed';
}

async function toRequest(context: ServiceContext, lease: LeasedTask): Promise<TaskRequest> {
  const { id: jobId, taskId, epoch } = lease;
  const { TASK_TOKEN_SECRET } = context.config;
  const token = await signTaskToken(TASK_TOKEN_SECRET, { jobId, taskId, epoch }, Date.now());
  return {
    version: TASK_PROTOCOL_VERSION,
    jobId,
    taskId,
    epoch,
    source: { sizeBytes: lease.sourceSizeBytes },
    callback: { url: `${taskOrigin(context.config)}/_task`, token },
    limits: {
      wallMs: lease.spec.kind === 'storyboard' ? STORYBOARD_WALL_MS : TASK_WALL_MS,
      outputBytes: MAX_OUTPUT_BYTES * MAX_PARTS,
    },
    task: lease.spec,
  };
}
