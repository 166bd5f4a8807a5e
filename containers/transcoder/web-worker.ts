import { Worker } from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';

/** Runs `create` while `Worker` is a browser-like class over worker threads; `onCrash` hears of a thread that dies. */
export function withWebWorker<T>(onCrash: (error: Error) => void, create: () => T): T {
  const scope = globalThis as unknown as { Worker?: unknown };
  const before = scope.Worker;
  scope.Worker = class extends ThreadWorker {
    constructor(url: URL) {
      super(url, onCrash);
    }
  };
  try {
    return create();
  } finally {
    scope.Worker = before;
  }
}

class ThreadWorker {
  onmessage: ((event: { data: unknown }) => void) | undefined;
  private readonly thread: Worker;

  constructor(url: URL, onCrash: (error: Error) => void) {
    this.thread = new Worker(new URL('./wasm-worker.ts', import.meta.url), {
      workerData: { url: url.href },
      env: {},
      execArgv: [],
    });
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the interface that @ffmpeg/ffmpeg uses
    this.thread.on('message', (data) => this.onmessage?.({ data }));
    this.thread.on('error', onCrash);
  }

  postMessage(message: unknown, transfer: readonly Transferable[] = []): void {
    this.thread.postMessage(message, transfer);
  }

  terminate(): void {
    void this.thread.terminate();
  }
}
