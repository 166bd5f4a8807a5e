import { planTasks } from '../../workers/transcoder/plan-tasks.ts';
import type { SourceFacts } from '../../src/contracts/media.ts';
import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import { runOn } from '../unit/encoder-harness.ts';
import type { Outcome } from '../unit/encoder-harness.ts';
import { disguises } from '../fixtures/hostile-files.ts';
import type { Canary } from './canary.ts';
import type { EncoderProcess } from './encoder-process.ts';
import { mutate } from './mutate.ts';
import { createRandom } from './random.ts';

/** The longest that one task may take, with room for a busy machine: its own limits are far below. */
const HANG_MS = 120_000;
const MAX_DURATION_SECONDS = 600;

export interface FuzzCase {
  readonly encoder: EncoderProcess;
  readonly corpus: ReadonlyMap<string, Buffer>;
  readonly canary: Canary;
  readonly seed: number;
}

export interface FuzzResult {
  readonly seed: number;
  readonly name: string;
  /** `played`, or the code of the verdict. */
  readonly outcome: string;
  readonly elapsedMs: number;
  /** What must never happen; empty when all is well. */
  readonly problems: readonly string[];
}

/** One damaged file through the probe and, where that takes it, through its first pictures, its sound and its poster. */
export async function fuzzOnce(fuzz: FuzzCase): Promise<FuzzResult> {
  const { encoder, canary, seed } = fuzz;
  const { name, file } = damagedFile(fuzz);
  const startedAt = performance.now();
  const problems: string[] = [];
  const outcome = await decode(encoder, file, problems).catch((error: unknown) => {
    problems.push(error instanceof Error ? error.message : String(error));
    return 'broken';
  });
  if (encoder.hasEnded()) problems.push('the encoder process ended');
  problems.push(...(await canary.touched()));
  return { seed, name, outcome, elapsedMs: performance.now() - startedAt, problems };
}

function damagedFile({ corpus, canary, seed }: FuzzCase): { name: string; file: Buffer } {
  const random = createRandom(seed);
  const name = random.pick([...corpus.keys()]);
  const original = corpus.get(name) ?? Buffer.alloc(1);
  const [what, text] = random.pick(disguises(canary.address, canary.file));
  const others = [...corpus.values(), Buffer.from(text)];
  // One in eight is text that leads elsewhere, damaged or alone.
  if (random.below(8) === 0) {
    const disguised = Buffer.concat([Buffer.from(text), original]);
    return { name: what, file: random.below(2) === 0 ? Buffer.from(text) : disguised };
  }
  return { name, file: mutate(original, random, others) };
}

async function decode(encoder: EncoderProcess, file: Buffer, problems: string[]): Promise<string> {
  const probed = await settle(
    encoder,
    file,
    {
      kind: 'probe',
      maxDurationSeconds: MAX_DURATION_SECONDS,
    },
    problems,
  );
  if (probed.type === 'failure') return probed.code;
  if (probed.result.kind !== 'probe') return 'broken';
  for (const task of tasksOf(probed.result.facts)) {
    const last = await settle(encoder, file, task, problems);
    if (last.type === 'failure') return last.code;
  }
  return 'played';
}

/** The first task of each kind. */
function tasksOf(facts: SourceFacts): TaskSpec[] {
  const kinds = new Map(
    planTasks(facts)
      .map(({ spec }) => [spec.kind, spec] as const)
      .toReversed(),
  );
  return [...kinds.values()];
}

/** What the job does: a limit's verdict counts the second time; any other retry would never end. */
async function settle(
  encoder: EncoderProcess,
  file: Buffer,
  task: TaskSpec,
  problems: string[],
): Promise<Outcome> {
  const first = await withDeadline(runOn(encoder, file, task), task.kind);
  if (first.last.type === 'result') return first.last;
  checkFailure(first.last, problems);
  if (!first.last.retryable) return first.last;
  if (first.last.limited !== true)
    problems.push(`${task.kind} is tried again: ${first.last.detail}`);
  return (await withDeadline(runOn(encoder, file, task), task.kind)).last;
}

function checkFailure(failure: Extract<Outcome, { type: 'failure' }>, problems: string[]): void {
  if (!/^[A-Z].*\.$/.test(failure.message)) problems.push(`no sentence: ${failure.message}`);
  if (/[^\P{Cc}\n]/u.test(failure.detail)) problems.push('control characters in the detail');
  if (/\/tmp\/|\/home\//.test(failure.detail)) problems.push(`a path: ${failure.detail}`);
}

async function withDeadline<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), HANG_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
