import type { EncodeSettings } from '../../src/contracts/profile.ts';
import type { JobProgress } from '../../src/contracts/service-apis.ts';
import { reasonText } from './reason-text.ts';
import { acceptedFrames } from './job-state.ts';
import type { JobState, TaskRecord } from './job-state.ts';
import { framesOf } from './task-frames.ts';

/** Accepted and planned frames of the timeline. Planned is 0 until the source is known. */
export function progressOf(state: JobState): JobProgress {
  return { acceptedFrames: acceptedFrames(state), plannedFrames: sumPlanned(state.tasks) };
}

/** The job as the API shows it; the wire shape stands in `job-schema.ts`. */
export function describeJob(state: JobState): JobDescription {
  const progress = progressOf(state);
  return {
    id: state.id,
    uid: state.uid,
    state: stateOf(state),
    phase: state.phase,
    createdAt: iso(state.createdAt),
    ...(state.endedAt !== undefined && { endedAt: iso(state.endedAt) }),
    ...(state.engine !== undefined && { engine: state.engine }),
    ...(state.profile !== undefined && {
      profile: { name: state.profile.name, ...state.profile.settings },
    }),
    ...progress,
    pctComplete: percentOf(progress.acceptedFrames, progress.plannedFrames),
    renditions: describeRenditions(state),
    tasks: state.tasks.map(describeTask),
    ...(state.failure && {
      reason: reasonText(state.failure),
      reasonCode: state.failure.code,
      detail: state.failure.detail,
    }),
  };
}

export interface JobDescription extends JobProgress {
  readonly id: string;
  readonly uid: string;
  readonly state: 'queued' | 'inprogress' | 'ready' | 'error' | 'cancelled';
  readonly phase: JobState['phase'];
  readonly createdAt: string;
  readonly endedAt?: string;
  readonly engine?: string;
  readonly profile?: EncodeSettings & { readonly name: string };
  readonly pctComplete: number;
  readonly renditions: RenditionProgress[];
  readonly tasks: TaskDescription[];
  /** Why no task runs at the moment; only the service knows. */
  readonly waiting?: string;
  readonly reason?: string;
  readonly reasonCode?: string;
  readonly detail?: string;
}

interface RenditionProgress extends JobProgress {
  readonly name: string;
  readonly pctComplete: number;
}

interface TaskDescription {
  readonly id: string;
  readonly kind: TaskRecord['spec']['kind'];
  readonly state: TaskRecord['state'];
  readonly framesDone: number;
  readonly framesPlanned: number;
  readonly startSeconds?: number;
  readonly endSeconds?: number;
  readonly attempts: {
    readonly epoch: number;
    readonly runner: string;
    readonly startedAt: string;
    readonly endedAt?: string;
    readonly outcome?: string;
    readonly reason?: string;
  }[];
}

function stateOf(state: JobState): JobDescription['state'] {
  if (state.phase === 'ready' || state.phase === 'error' || state.phase === 'cancelled')
    return state.phase;
  return state.tasks.some((task) => task.attempts.length > 0) ? 'inprogress' : 'queued';
}

function describeRenditions(state: JobState): RenditionProgress[] {
  const names = new Map<string, TaskRecord[]>();
  for (const task of state.tasks) {
    for (const name of renditionNames(task)) names.set(name, [...(names.get(name) ?? []), task]);
  }
  return [...names].map(([name, tasks]) => {
    const plannedFrames = tasks.reduce((sum, task) => sum + framesOf(task.spec), 0);
    const done = tasks.filter((task) => task.state === 'done');
    const accepted = done.reduce((sum, task) => sum + framesOf(task.spec), 0);
    return {
      name,
      acceptedFrames: accepted,
      plannedFrames,
      pctComplete: percentOf(accepted, plannedFrames),
    };
  });
}

function renditionNames({ spec }: TaskRecord): string[] {
  if (spec.kind === 'video') return spec.renditions.map(({ name }) => name);
  return spec.kind === 'audio' ? [spec.rendition.name] : [];
}

function describeTask(task: TaskRecord): TaskDescription {
  // Beside pictures a track of sound adds nothing to the job's measure, but has a progress of its own.
  const framesPlanned = Math.max(task.framesPlanned, framesOf(task.spec));
  return {
    id: task.id,
    kind: task.spec.kind,
    state: task.state,
    framesDone: task.state === 'done' ? framesPlanned : task.framesDone,
    framesPlanned,
    ...spanInSeconds(task),
    attempts: task.attempts.map(({ startedAt, endedAt, ...attempt }) => ({
      ...attempt,
      startedAt: iso(startedAt),
      ...(endedAt !== undefined && { endedAt: iso(endedAt) }),
    })),
  };
}

function spanInSeconds({ spec }: TaskRecord): { startSeconds?: number; endSeconds?: number } {
  if (spec.kind !== 'video') return {};
  const { numerator, denominator } = spec.facts.frameRate;
  const seconds = (frames: number): number => (frames * denominator) / numerator;
  return {
    startSeconds: seconds(spec.segments[0]?.start ?? 0),
    endSeconds: seconds(spec.segments.at(-1)?.end ?? 0),
  };
}

function sumPlanned(tasks: readonly TaskRecord[]): number {
  return tasks.reduce((sum, task) => sum + task.framesPlanned, 0);
}

function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
