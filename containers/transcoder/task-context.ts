import { traceStep } from '../../src/kernel/trace-scope.ts';
import type { Span } from '../../src/kernel/trace-scope.ts';
import type { EncoderEngine, EngineExit, EngineRun } from './engine.ts';
import {
  outputTooLarge,
  stoodStill,
  stoppedRun,
  tookTooLong,
  tooManyPackets,
} from './limit-failure.ts';
import { TaskError } from './task-failure.ts';
import { folderBytes } from './task-folder.ts';
import type { RunLimits } from './task-limits.ts';

/** What a running task works with. */
export interface TaskContext {
  readonly engine: EncoderEngine;
  /** Private to the task; removed when it ends. */
  readonly folder: string;
  readonly sourceFile: string;
  readonly signal: AbortSignal;
  readonly limits: Pick<RunLimits, 'wallMs' | 'outputBytes'> & Partial<RunLimits>;
  readonly threads: number;
  readonly onFrames: (frames: number) => void;
}

const WATCH_MS = 500;
/** A run that reports its progress every second and has said nothing for this long stands still. */
const STILL_MS = 60_000;
/** How a crash of the WebAssembly build reads; it says nothing about the source. */
const WASM_TRAP = /RuntimeError: |Aborted\(/;

/** Options that make ffmpeg report its progress on standard output once a second. */
export const PROGRESS: readonly string[] = ['-progress', 'pipe:1', '-stats_period', '1'];

type Run = Pick<EngineRun, 'program' | 'arguments' | 'onLine'>;

/** Runs ffmpeg or ffprobe on the task's source within its limits. Throws a {@link TaskError} when one of them ends it. */
export function runLimited(context: TaskContext, run: Run): Promise<EngineExit> {
  const { program } = run;
  const attributes = { 'process.executable.name': program };
  const name = program === 'ffprobe' ? 'probe' : 'ffmpeg';
  return traceStep({ name, attributes }, (span) => runWithin(context, run, span));
}

async function runWithin(context: TaskContext, run: Run, span: Span): Promise<EngineExit> {
  const { engine, folder, sourceFile, limits, threads, signal } = context;
  const watch = watchRun(context, run);
  try {
    const exit = await engine.run({
      ...run,
      folder,
      sourceFile,
      onLine: watch.onLine,
      signal: AbortSignal.any([signal, watch.signal]),
      cpuSeconds: limits.cpuSeconds ?? (limits.wallMs / 1000) * (threads + 1),
      maxFileBytes: limits.outputBytes,
      ...(limits.memoryBytes !== undefined && { memoryBytes: limits.memoryBytes }),
    });
    if (exit.code !== undefined) span.set({ attributes: { 'process.exit.code': exit.code } });
    await watch.check();
    watch.signal.throwIfAborted();
    if (exit.stoppedBy !== undefined) throw stoppedRun(exit.stoppedBy, exit.errors);
    if (WASM_TRAP.test(exit.errors)) throw engineTooWeak(exit.errors);
    return exit;
  } finally {
    watch.end();
  }
}

interface RunWatch {
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
  check(): Promise<void>;
  end(): void;
}

/** Watches what the kernel does not limit: time, silence, lines and the bytes of all output files together. */
function watchRun({ folder, limits }: TaskContext, run: Run): RunWatch {
  const abort = new AbortController();
  const reportsProgress = run.arguments.includes('-progress');
  let heardAt = performance.now();
  let lines = 0;
  const check = async (): Promise<void> => {
    const bytes = await folderBytes(folder);
    if (bytes > limits.outputBytes)
      abort.abort(outputTooLarge(`${bytes} bytes of at most ${limits.outputBytes}`));
    if (reportsProgress && performance.now() - heardAt > STILL_MS)
      abort.abort(stoodStill(STILL_MS));
  };
  const watch = setInterval(() => void check().catch(() => undefined), WATCH_MS);
  const late = setTimeout(() => abort.abort(tookTooLong(limits.wallMs)), limits.wallMs);
  return {
    signal: abort.signal,
    check,
    onLine: (line) => {
      heardAt = performance.now();
      lines += 1;
      if (limits.lines !== undefined && lines > limits.lines) {
        abort.abort(tooManyPackets(limits.lines));
        return;
      }
      run.onLine?.(line);
    },
    end: () => {
      clearInterval(watch);
      clearTimeout(late);
    },
  };
}

function engineTooWeak(detail: string): TaskError {
  return new TaskError(
    'ERR_UNSUPPORTED',
    'The built-in encoder (WebAssembly) cannot process this video. Install ffmpeg and run the job again.',
    { detail },
  );
}
