import type { EncoderEngine, EngineExit, EngineRun } from './engine.ts';
import { folderBytes } from './task-folder.ts';
import { TaskError } from './task-failure.ts';

/** What a running task works with. */
export interface TaskContext {
  readonly engine: EncoderEngine;
  /** Private to the task; removed when it ends. */
  readonly folder: string;
  readonly sourceFile: string;
  readonly signal: AbortSignal;
  readonly limits: { readonly wallMs: number; readonly outputBytes: number };
  readonly threads: number;
  readonly onFrames: (frames: number) => void;
}

const WATCH_MS = 500;
/** How a crash of the WebAssembly build reads; it says nothing about the source. */
const WASM_TRAP = /RuntimeError: |Aborted\(/;

/** Options that make ffmpeg report its progress on standard output once a second. */
export const PROGRESS: readonly string[] = ['-progress', 'pipe:1', '-stats_period', '1'];

type Run = Pick<EngineRun, 'program' | 'arguments' | 'onLine'>;

/** Runs ffmpeg or ffprobe on the task's source within its limits; too much output ends it. */
export async function runLimited(context: TaskContext, run: Run): Promise<EngineExit> {
  const { engine, folder, sourceFile, limits, threads } = context;
  const tooLarge = new AbortController();
  const check = async (): Promise<void> => {
    const bytes = await folderBytes(folder);
    if (bytes > limits.outputBytes) tooLarge.abort(outputTooLarge(bytes, limits.outputBytes));
  };
  const watch = setInterval(() => void check().catch(() => undefined), WATCH_MS);
  try {
    const exit = await engine.run({
      ...run,
      folder,
      sourceFile,
      signal: AbortSignal.any([context.signal, tooLarge.signal]),
      cpuSeconds: (limits.wallMs / 1000) * (threads + 1),
      maxFileBytes: limits.outputBytes,
    });
    await check();
    tooLarge.signal.throwIfAborted();
    if (WASM_TRAP.test(exit.errors)) throw engineTooWeak(exit.errors);
    return exit;
  } finally {
    clearInterval(watch);
  }
}

function engineTooWeak(detail: string): TaskError {
  return new TaskError(
    'ERR_UNSUPPORTED',
    'The built-in encoder (WebAssembly) cannot process this video. Install ffmpeg and run the job again.',
    { detail },
  );
}

function outputTooLarge(bytes: number, limit: number): TaskError {
  return new TaskError('ERR_UNKNOWN', 'The encoded video came out larger than allowed.', {
    detail: `${bytes} bytes of at most ${limit}`,
    retryable: false,
  });
}
