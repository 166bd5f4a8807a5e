import type { TaskRequest, TaskResult } from '../../src/contracts/task-protocol.ts';
import type { EncoderEngine } from './engine.ts';
import { runTask } from './run-task.ts';
import type { TaskProgress, TaskResources } from './run-task.ts';
import { TaskError } from './task-failure.ts';

/** The right to run one task. */
export interface Slot {
  run(task: TaskRequest, onProgress: (progress: TaskProgress) => void): Promise<TaskResult>;
  abort(reason: Error): void;
  free(): void;
}

/** Runs at most `slots` tasks at once and can end them all. */
export class TaskRunner {
  readonly slots: number;
  private readonly resources: TaskResources;
  private readonly running = new Set<AbortController>();
  private isStopping = false;
  private onIdle: (() => void) | undefined;

  constructor(slots: number, resources: TaskResources) {
    this.slots = slots;
    this.resources = resources;
  }

  get busy(): number {
    return this.running.size;
  }

  get engine(): EncoderEngine {
    return this.resources.engine;
  }

  /** A free slot, or `undefined` when there is none or the process is about to end. */
  take(): Slot | undefined {
    if (this.isStopping || this.running.size >= this.slots) return undefined;
    const abort = new AbortController();
    this.running.add(abort);
    return {
      run: (task, onProgress) => runTask(this.resources, task, abort.signal, onProgress),
      abort: (reason) => abort.abort(reason),
      free: () => {
        this.running.delete(abort);
        if (this.running.size === 0) this.onIdle?.();
      },
    };
  }

  /** Hands every running task back and resolves when all have ended. */
  async stop(): Promise<void> {
    this.isStopping = true;
    if (this.running.size === 0) return;
    const idle = Promise.withResolvers<void>();
    this.onIdle = idle.resolve;
    for (const abort of this.running) abort.abort(handedBack());
    await idle.promise;
  }
}

function handedBack(): TaskError {
  return new TaskError(
    'ERR_UNKNOWN',
    'The encoder is being stopped; another one takes this step.',
    { retryable: true, handedBack: true },
  );
}
