import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { TaskRequest } from '../../src/contracts/task-protocol.ts';
import { fetchSource } from './fetch-source.ts';
import type { PreparedSource } from './prepare-source.ts';
import { TaskError } from './task-failure.ts';

const IDLE_MS = 120_000;

export interface SourceCacheOptions {
  readonly root: string;
  /** All sources together; idle ones make room for new ones. */
  readonly maxBytes: number;
  readonly idleMs?: number;
  /** Done once to each downloaded file, before the first task gets it. */
  readonly prepare: (path: string, signal: AbortSignal) => Promise<PreparedSource>;
}

/** A source on disk that stays there until `release` is called. */
export interface HeldSource extends PreparedSource {
  release(): void;
}

interface Entry {
  readonly jobId: string;
  readonly sizeBytes: number;
  readonly download: AbortController;
  readonly ready: Promise<PreparedSource>;
  folder: string | undefined;
  users: number;
  isReady: boolean;
  idleTimer: ReturnType<typeof setTimeout> | undefined;
}

/** Keeps one copy of each job's source for all tasks of the job, and drops it two minutes after the last one. */
export class SourceCache {
  private readonly entries = new Map<string, Entry>();
  private readonly dropping = new Set<Promise<void>>();
  private readonly options: SourceCacheOptions;

  constructor(options: SourceCacheOptions) {
    this.options = options;
  }

  /** Waits for the job's download, or begins it with this task's token. */
  async acquire(request: TaskRequest, signal: AbortSignal): Promise<HeldSource> {
    for (;;) {
      signal.throwIfAborted();
      const known = this.entries.get(request.jobId);
      const entry = known ?? this.begin(request);
      entry.users++;
      clearTimeout(entry.idleTimer);
      try {
        const source = await abortable(entry.ready, signal);
        return { ...source, release: once(() => this.release(entry)) };
      } catch (error) {
        this.release(entry);
        // The download ran on another task's token, which may have ended; ours may be good.
        if (known === undefined || signal.aborted) throw error;
      }
    }
  }

  /** Removes every source; running downloads end. Nothing is left on the disk afterwards. */
  async clear(): Promise<void> {
    for (const entry of this.entries.values()) this.drop(entry);
    await Promise.all(this.dropping);
  }

  private begin(request: TaskRequest): Entry {
    const { jobId, callback } = request;
    const { sizeBytes } = request.source;
    this.makeRoom(sizeBytes);
    const download = new AbortController();
    const ready = this.download(callback, sizeBytes, download.signal, (folder) => {
      entry.folder = folder;
    });
    const entry: Entry = {
      jobId,
      sizeBytes,
      download,
      ready,
      folder: undefined,
      users: 0,
      isReady: false,
      idleTimer: undefined,
    };
    this.entries.set(jobId, entry);
    ready.then(
      () => (entry.isReady = true),
      () => this.drop(entry),
    );
    return entry;
  }

  private async download(
    callback: TaskRequest['callback'],
    sizeBytes: number,
    signal: AbortSignal,
    onFolder: (folder: string) => void,
  ): Promise<PreparedSource> {
    const folder = await mkdtemp(join(this.options.root, 'source-'));
    onFolder(folder);
    const path = join(folder, 'source');
    await fetchSource({ callback, sizeBytes, path }, signal);
    return this.options.prepare(path, signal);
  }

  private release(entry: Entry): void {
    entry.users--;
    if (entry.users > 0) return;
    if (!entry.isReady) {
      this.drop(entry);
      return;
    }
    const idleMs = this.options.idleMs ?? IDLE_MS;
    entry.idleTimer = setTimeout(() => this.drop(entry), idleMs).unref();
  }

  /** Other jobs' sources go away by themselves; a file that is larger than all the room never gets any. */
  private makeRoom(sizeBytes: number): void {
    const { maxBytes } = this.options;
    const detail = `the source cache is limited to ${maxBytes} bytes`;
    if (sizeBytes > maxBytes) {
      const message =
        'The file is larger than the encoder has room for. Raise SOURCE_CACHE_BYTES, or upload a smaller file.';
      throw new TaskError('ERR_UNSUPPORTED', message, { detail });
    }
    for (const entry of this.entries.values()) {
      if (this.heldBytes() + sizeBytes <= maxBytes) return;
      if (entry.users === 0) this.drop(entry);
    }
    if (this.heldBytes() + sizeBytes <= maxBytes) return;
    throw new TaskError('ERR_UNKNOWN', 'The encoder has no room for this file at the moment.', {
      detail,
      retryable: true,
      handedBack: true,
    });
  }

  private heldBytes(): number {
    return [...this.entries.values()].reduce((sum, entry) => sum + entry.sizeBytes, 0);
  }

  private drop(entry: Entry): void {
    clearTimeout(entry.idleTimer);
    if (this.entries.get(entry.jobId) === entry) this.entries.delete(entry.jobId);
    entry.download.abort(new Error('the source is not needed any more'));
    const removal = removeFiles(entry).catch(() => undefined);
    this.dropping.add(removal);
    void removal.then(() => this.dropping.delete(removal));
  }
}

async function removeFiles(entry: Entry): Promise<void> {
  await entry.ready.catch(() => undefined);
  if (entry.folder === undefined) return;
  await rm(entry.folder, { recursive: true, force: true, maxRetries: 3 });
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}

/** The promise, or the signal's reason when that comes first. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
