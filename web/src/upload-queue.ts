import type { Work } from './run-work.ts';

/** Files are sent one after another; each one sends several parts at a time. */
export interface UploadQueue {
  add(work: Work): void;
  isSending(): boolean;
}

/** Starts the next file as soon as the one before is uploaded, cancelled or failed. */
export function createUploadQueue(): UploadQueue {
  const waiting: Work[] = [];
  let running: Work | undefined;

  async function drain(): Promise<void> {
    if (running !== undefined) return;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      running = next;
      await next.run();
    }
    running = undefined;
  }

  return {
    add: (work) => {
      waiting.push(work);
      void drain();
    },
    isSending: () => running?.isSending() ?? false,
  };
}
