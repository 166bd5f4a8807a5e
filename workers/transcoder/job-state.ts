import type { SourceFacts } from '../../src/contracts/media.ts';
import type { Profile, VideoCodec } from '../../src/contracts/profile.ts';
import type { FailureCode, TaskSpec } from '../../src/contracts/task-protocol.ts';
import type { AcceptedOutput } from './accepted-output.ts';
import { isCopied } from '../../src/media/timeline.ts';
import { planTasks } from './plan-tasks.ts';
import { OUTAGE_TEXT, pauseForOutage } from './platform-outage.ts';
import { framesOf } from './task-frames.ts';

/** How long a task may go without a heartbeat. */
export const LEASE_MS = 20_000;
/** Permits of one job that may wait in the queue at the same time; keeps one long video from taking every container. */
const MAX_PERMITS = 4;
/** A permit nobody used for this long is taken as lost. */
const PERMIT_LIFE_MS = 30_000;
/** Attempts that end badly before the task is given up. */
const MAX_FAILED_ATTEMPTS = 5;
/** The video waits for its storyboard: it is not worth much time. */
const MAX_STORYBOARD_ATTEMPTS = 2;
/** Attempts that a limit or a crash ends: the first may be the machine's doing, the second is the file's. */
const MAX_LIMITED_ATTEMPTS = 2;
const FIRST_BACKOFF_MS = 1000;
const LONGEST_HAND_BACK_MS = 30_000;

/** `handed-back` by a stopping encoder and `unavailable`, the platform did not answer, are nobody's fault and do not count. */
type AttemptOutcome =
  | 'accepted'
  | 'failed'
  | 'lost'
  | 'expired'
  | 'handed-back'
  | 'unavailable'
  | 'cancelled';

interface Attempt {
  readonly epoch: number;
  readonly runner: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: AttemptOutcome;
  readonly reason?: string;
  /** A limit or a crash ended it. */
  readonly limited?: boolean;
}

export interface TaskRecord {
  readonly id: string;
  readonly spec: TaskSpec;
  readonly state: 'waiting' | 'running' | 'done';
  /** Rises with every lease; outputs and reports carry it. */
  readonly epoch: number;
  /** Not to be leased before this time, ms. */
  readonly notBefore: number;
  /** End of the running lease, ms. */
  readonly deadline?: number;
  /** In the task's own frames, of pictures or of sound. */
  readonly framesDone: number;
  /** What the task adds to the job's measure; 0 for sound beside pictures. */
  readonly framesPlanned: number;
  readonly attempts: readonly Attempt[];
  readonly output?: AcceptedOutput;
}

/** `publishing`: every task is done and the result is being announced; the last three are final. */
type JobPhase = 'probing' | 'encoding' | 'publishing' | 'ready' | 'error' | 'cancelled';

export interface JobFailure {
  readonly code: FailureCode;
  readonly text: string;
  readonly detail: string;
}

export interface NewJob {
  readonly id: string;
  readonly uid: string;
  readonly accountId: string;
  readonly revision: string;
  readonly sourceSizeBytes: number;
  readonly maxDurationSeconds: number;
  /** Absent in jobs begun before there were profiles. */
  readonly profile?: Profile;
  /** The job's own span. */
  readonly trace?: { readonly traceparent: string; readonly parentSpanId?: string };
}

export interface JobState extends NewJob {
  readonly phase: JobPhase;
  readonly createdAt: number;
  readonly endedAt?: number;
  readonly facts?: SourceFacts;
  readonly tasks: readonly TaskRecord[];
  /** When each permit that is still out was sent, ms. */
  readonly permits: readonly number[];
  readonly failure?: JobFailure;
  /** Accepted frames before outputs had to be made again. */
  readonly acceptedFloor?: number;
  /** The first engine used; another one may not continue the run. */
  readonly engine?: string;
  /** The outcome stands in the video's row and the leftovers are gone. */
  readonly settled: boolean;
}

export interface Lease {
  readonly taskId: string;
  readonly epoch: number;
  readonly spec: TaskSpec;
}

/** A job begins with one task: find out what the source is. */
export function createJob(input: NewJob, now: number): JobState {
  const spec: TaskSpec = { kind: 'probe', maxDurationSeconds: input.maxDurationSeconds };
  return {
    ...input,
    phase: 'probing',
    createdAt: now,
    tasks: [newTask('probe', spec, 0)],
    permits: [],
    settled: false,
  };
}

export function isFinal(state: JobState): boolean {
  return state.phase === 'ready' || state.phase === 'error' || state.phase === 'cancelled';
}

/** Gives the most urgent ready task to a runner, with a new epoch. Uses up a permit even when there is none. */
export function leaseTask(
  state: JobState,
  runner: string,
  now: number,
): { state: JobState; lease?: Lease } {
  const permits = state.permits.slice(1);
  const task = isFinal(state) ? undefined : readyTasks(state, now)[0];
  if (task === undefined) return { state: { ...state, permits } };
  const epoch = task.epoch + 1;
  const leased: TaskRecord = {
    ...task,
    state: 'running',
    epoch,
    deadline: now + LEASE_MS,
    framesDone: 0,
    attempts: [...task.attempts, { epoch, runner, startedAt: now }],
  };
  return {
    state: { ...replaceTask(state, leased), permits },
    lease: { taskId: task.id, epoch, spec: task.spec },
  };
}

/** Extends the lease. The same state comes back when the lease is not the current one. */
export function heartbeat(
  state: JobState,
  beat: { taskId: string; epoch: number; frames: number },
  now: number,
): JobState {
  const task = currentTask(state, beat.taskId, beat.epoch);
  if (task === undefined) return state;
  return replaceTask(state, {
    ...task,
    deadline: now + LEASE_MS,
    framesDone: Math.min(
      Math.max(task.framesPlanned, framesOf(task.spec)),
      Math.max(task.framesDone, beat.frames),
    ),
  });
}

/** The probe's answer makes the plan: every other task. */
export function acceptFacts(
  state: JobState,
  probe: {
    epoch: number;
    facts: SourceFacts;
    engine: string;
    encoders?: readonly VideoCodec[];
  },
  now: number,
): JobState {
  const task = currentTask(state, 'probe', probe.epoch);
  if (task === undefined) return state;
  const planned = planTasks(probe.facts, state.profile?.settings, probe.encoders).map(
    ({ id, spec, frames }) => newTask(id, spec, frames),
  );
  const done = endAttempt({ ...task, state: 'done' }, { outcome: 'accepted', endedAt: now });
  return {
    ...state,
    phase: 'encoding',
    facts: probe.facts,
    engine: probe.engine,
    tasks: [done, ...planned],
  };
}

/**
 * Verified output of the current epoch makes the task done; the last one moves the job to `publishing`.
 * Output of another engine than before makes the earlier outputs worthless: they are made again.
 */
export function acceptOutput(
  state: JobState,
  taskId: string,
  output: AcceptedOutput & { readonly engine: string },
  now: number,
): JobState {
  const task = currentTask(state, taskId, output.epoch);
  if (task === undefined) return state;
  if (output.engine !== state.engine)
    return acceptOutput(forgetOutputs(state, output.engine), taskId, output, now);
  const done = endAttempt(
    { ...task, state: 'done', framesDone: task.framesPlanned, output },
    { outcome: 'accepted', endedAt: now },
  );
  return publishWhenDone(replaceTask(state, done));
}

function publishWhenDone(state: JobState): JobState {
  const isDone = state.tasks.every((task) => task.state === 'done');
  return isDone ? { ...state, phase: 'publishing' } : state;
}

/** Accepted output that is gone from the store is made again, as often as any attempt may fail. */
export function loseOutputs(state: JobState, taskIds: readonly string[], now: number): JobState {
  if (state.phase !== 'publishing') return state;
  const lost = state.tasks.filter(({ id }) => taskIds.includes(id));
  return lost.reduce<JobState>(
    (current, { id, epoch }) => {
      const failure = {
        taskId: id,
        epoch,
        code: 'ERR_UNKNOWN',
        outcome: 'lost',
        retryable: true,
        text: 'Encoded parts of this video were lost. Start the job again.',
        detail: 'the output is no longer in the store',
      } as const;
      return failAttempt(reopen(current, id), failure, now);
    },
    { ...state, phase: 'encoding' },
  );
}

function reopen(state: JobState, taskId: string): JobState {
  const tasks = state.tasks.map((task): TaskRecord => {
    if (task.id !== taskId) return task;
    const { output: _, ...rest } = task;
    return { ...rest, state: 'running' };
  });
  return { ...state, tasks, acceptedFloor: acceptedFrames(state) };
}

export interface AttemptFailure {
  readonly taskId: string;
  readonly epoch: number;
  readonly outcome: 'failed' | 'lost' | 'expired' | 'handed-back' | 'unavailable';
  readonly code: FailureCode;
  /** For the person who uploaded the file. */
  readonly text: string;
  /** For the job page. */
  readonly detail: string;
  readonly retryable: boolean;
  /** A limit or a crash ended it: the second time it is the file's fault. */
  readonly limited?: boolean;
}

/** Ends an attempt badly: the task waits for another one, or the job fails with the reason. */
export function failAttempt(state: JobState, failure: AttemptFailure, now: number): JobState {
  const task = currentTask(state, failure.taskId, failure.epoch);
  if (task === undefined) return state;
  const { deadline: _, ...rest } = task;
  const reason = failure.detail === '' ? failure.text : `${failure.text} (${failure.detail})`;
  const ended = endAttempt(
    { ...rest, state: 'waiting', framesDone: 0 },
    {
      outcome: failure.outcome,
      endedAt: now,
      reason,
      ...(failure.limited === true && { limited: true }),
    },
  );
  if (ended.attempts.filter(({ limited }) => limited === true).length >= MAX_LIMITED_ATTEMPTS)
    return giveUp(state, ended, failure, now);
  if (failure.outcome === 'unavailable') return waitForPlatform(state, ended, failure, now);
  const failed = ended.attempts.filter(
    ({ outcome }) => outcome !== 'handed-back' && outcome !== 'unavailable',
  ).length;
  const most = task.spec.kind === 'storyboard' ? MAX_STORYBOARD_ATTEMPTS : MAX_FAILED_ATTEMPTS;
  if (!failure.retryable || failed >= most) return giveUp(state, ended, failure, now);
  const backoffMs =
    failure.outcome === 'handed-back' ? handedBackMs(ended) : FIRST_BACKOFF_MS * 2 ** (failed - 1);
  return replaceTask(state, { ...ended, notBefore: now + backoffMs });
}

function waitForPlatform(
  state: JobState,
  task: TaskRecord,
  failure: AttemptFailure,
  now: number,
): JobState {
  const pauseMs = pauseForOutage(task.attempts, now);
  if (pauseMs === undefined) return giveUp(state, task, { ...failure, text: OUTAGE_TEXT }, now);
  return replaceTask(state, { ...task, notBefore: now + pauseMs });
}

/** At once the first time, for another encoder; then ever more slowly, since all of them may be full. */
function handedBackMs({ attempts }: TaskRecord): number {
  const others = attempts.findLastIndex(({ outcome }) => outcome !== 'handed-back');
  const inARow = attempts.length - 1 - others;
  return inARow <= 1 ? 0 : Math.min(LONGEST_HAND_BACK_MS, FIRST_BACKOFF_MS * 2 ** (inARow - 2));
}

/** A video without a poster, storyboard, its surround sound or another codec is better than none; any other task is needed. */
function giveUp(state: JobState, task: TaskRecord, failure: AttemptFailure, now: number): JobState {
  if (!isOptional(task.spec)) return failJob(replaceTask(state, task), failure, now);
  const given: JobState = {
    ...state,
    tasks: state.tasks.map((each): TaskRecord => {
      if (each.id === task.id) return { ...task, state: 'done' };
      // A rendition with a hole is none: what waits for the rest of it is not worth making.
      return each.state === 'waiting' && isSameRendition(each.spec, task.spec)
        ? { ...each, state: 'done' }
        : each;
    }),
  };
  return publishWhenDone(given);
}

function isSameRendition(one: TaskSpec, other: TaskSpec): boolean {
  if (one.kind !== 'video' || other.kind !== 'video') return false;
  return one.renditions[0]?.name === other.renditions[0]?.name;
}

function isOptional(spec: TaskSpec): boolean {
  if (spec.kind === 'audio') return isCopied(spec.rendition);
  if (spec.kind === 'video') return spec.renditions.every(({ codec }) => isOtherCodec(codec));
  return spec.kind === 'poster' || spec.kind === 'storyboard';
}

function isOtherCodec(codec: VideoCodec = 'h264'): boolean {
  return codec !== 'h264';
}

/** The running attempts whose heartbeat stopped. */
export function silentAttempts(
  state: JobState,
  now: number,
): { readonly taskId: string; readonly epoch: number; readonly runner: string }[] {
  return state.tasks.flatMap(({ id, epoch, attempts, ...task }) => {
    const runner = attempts.find((attempt) => attempt.epoch === epoch)?.runner;
    const isSilent = task.state === 'running' && (task.deadline ?? 0) <= now;
    return isSilent && runner !== undefined ? [{ taskId: id, epoch, runner }] : [];
  });
}

/** Ends every lease whose heartbeat stopped. */
export function expireLeases(state: JobState, now: number): JobState {
  const silent = new Set(silentAttempts(state, now).map(({ taskId }) => taskId));
  return state.tasks.reduce((current, task) => {
    if (!silent.has(task.id)) return current;
    const failure = {
      taskId: task.id,
      epoch: task.epoch,
      code: 'ERR_UNKNOWN',
      retryable: true,
      outcome: 'expired',
    } as const;
    const text = 'The encoder stopped answering.';
    return failAttempt(
      current,
      { ...failure, text, detail: `no heartbeat for ${LEASE_MS / 1000} s` },
      now,
    );
  }, state);
}

/** Ends the job for a reason; running attempts are over. A finished job stays as it is. */
export function failJob(state: JobState, failure: JobFailure, now: number): JobState {
  if (isFinal(state)) return state;
  const { code, text, detail } = failure;
  return {
    ...stopTasks(state, now),
    phase: 'error',
    failure: { code, text, detail },
    endedAt: now,
  };
}

export function cancelJob(state: JobState, now: number): JobState {
  if (isFinal(state)) return state;
  return { ...stopTasks(state, now), phase: 'cancelled', endedAt: now };
}

/** The published run is in the video's row. */
export function finishJob(state: JobState, now: number): JobState {
  return state.phase === 'publishing' ? { ...state, phase: 'ready', endedAt: now } : state;
}

/**
 * How many permits to send now, and the state that remembers them. When a slot was just `freed`, one more goes out than
 * would be due, since the others may be waiting for their next try.
 */
export function issuePermits(
  state: JobState,
  now: number,
  freed = false,
): { state: JobState; count: number } {
  if (isFinal(state)) return { state, count: 0 };
  const live = state.permits.filter((sentAt) => sentAt + PERMIT_LIFE_MS > now);
  const ready = readyTasks(state, now).length;
  const due = Math.max(0, Math.min(MAX_PERMITS, ready) - live.length);
  const count = freed && ready > 0 ? Math.max(1, due) : due;
  if (count === 0 && live.length === state.permits.length) return { state, count };
  return {
    state: { ...state, permits: [...live, ...Array.from({ length: count }, () => now)] },
    count,
  };
}

/** When the job must look again, ms; nothing to wait for when the job is over. */
export function wakeAt(state: JobState, now: number): number | undefined {
  if (isFinal(state)) return undefined;
  const times = state.tasks.flatMap((task) => {
    if (task.state === 'running') return [task.deadline ?? now];
    return task.state === 'waiting' && task.notBefore > now ? [task.notBefore] : [];
  });
  const permits = state.permits.map((sentAt) => sentAt + PERMIT_LIFE_MS);
  return Math.max(now, Math.min(...times, ...permits, now + PERMIT_LIFE_MS));
}

/** True while this lease may still store output and report. */
export function holdsLease(state: JobState, taskId: string, epoch: number): boolean {
  return currentTask(state, taskId, epoch) !== undefined;
}

/** `leased`: it may still report. `accepted`: its output is used. `stale`: it never will be. */
export type AttemptFate = 'leased' | 'accepted' | 'stale';

export function fateOf(state: JobState, taskId: string, epoch: number): AttemptFate {
  if (holdsLease(state, taskId, epoch)) return 'leased';
  const task = state.tasks.find(({ id }) => id === taskId);
  return task?.output?.epoch === epoch ? 'accepted' : 'stale';
}

/** Runners whose task was cut off by the end of the job. */
export function runnersToStop(state: JobState): string[] {
  const cut = state.tasks.flatMap((task) =>
    task.attempts.filter(({ outcome }) => outcome === 'cancelled'),
  );
  return [...new Set(cut.map(({ runner }) => runner))];
}

function forgetOutputs(state: JobState, engine: string): JobState {
  const tasks = state.tasks.map((task): TaskRecord => {
    if (task.output === undefined) return task;
    const { output: _, ...rest } = task;
    return { ...rest, state: 'waiting', framesDone: 0 };
  });
  return { ...state, engine, tasks, acceptedFloor: acceptedFrames(state) };
}

/** Frames of the timeline that are accepted, or once were: what is made again is no step back for who waits. */
export function acceptedFrames({ tasks, acceptedFloor = 0 }: JobState): number {
  const done = tasks.filter(({ state }) => state === 'done');
  return Math.max(
    acceptedFloor,
    done.reduce((sum, { framesPlanned }) => sum + framesPlanned, 0),
  );
}

function readyTasks(state: JobState, now: number): TaskRecord[] {
  return state.tasks.filter((task) => task.state === 'waiting' && task.notBefore <= now);
}

function currentTask(state: JobState, taskId: string, epoch: number): TaskRecord | undefined {
  if (isFinal(state)) return undefined;
  return state.tasks.find(
    (task) => task.id === taskId && task.state === 'running' && task.epoch === epoch,
  );
}

function newTask(id: string, spec: TaskSpec, framesPlanned: number): TaskRecord {
  return {
    id,
    spec,
    state: 'waiting',
    epoch: 0,
    notBefore: 0,
    framesDone: 0,
    framesPlanned,
    attempts: [],
  };
}

function replaceTask(state: JobState, task: TaskRecord): JobState {
  return { ...state, tasks: state.tasks.map((each) => (each.id === task.id ? task : each)) };
}

function endAttempt(
  task: TaskRecord,
  end: Pick<Attempt, 'outcome' | 'endedAt' | 'reason' | 'limited'>,
): TaskRecord {
  return {
    ...task,
    attempts: task.attempts.map((attempt) =>
      attempt.epoch === task.epoch ? { ...attempt, ...end } : attempt,
    ),
  };
}

function stopTasks(state: JobState, now: number): JobState {
  const tasks = state.tasks.map((task) => {
    if (task.state !== 'running') return task;
    return endAttempt({ ...task, state: 'waiting' }, { outcome: 'cancelled', endedAt: now });
  });
  return { ...state, tasks, permits: [] };
}
