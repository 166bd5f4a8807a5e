import { openSync, readSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';

// Makes a Node worker thread look like a browser's Worker to the unchanged worker.js of @ffmpeg/ffmpeg, and gives
// its WORKERFS files on disk instead of Blobs: the source is read where ffmpeg reads, never held in memory.

interface FileSlice {
  readonly descriptor: number;
  readonly from: number;
  readonly size: number;
}

interface MountedFile {
  readonly name: string;
  readonly path: string;
}

interface WorkerMessage {
  readonly type: string;
  readonly data?: { options?: unknown };
}

const port = parentPort;
if (port === null) throw new Error('wasm-worker.ts runs as a worker thread only');
const { url } = workerData as { url: string };

class FileReaderSync {
  readAsArrayBuffer({ descriptor, from, size }: FileSlice): ArrayBuffer {
    const bytes = new Uint8Array(size);
    let done = 0;
    while (done < size) {
      const count = readSync(descriptor, bytes, done, size - done, from + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.buffer;
  }
}

const scope = globalThis as unknown as {
  onmessage?: (event: { data: WorkerMessage }) => void;
} & Record<string, unknown>;
Object.assign(scope, {
  self: globalThis,
  location: { href: url },
  FileReaderSync,
  postMessage: (message: unknown, transfer: readonly ArrayBuffer[] = []) =>
    port.postMessage(message, transfer),
  fetch: async (file: string) =>
    new Response(await readFile(new URL(file)), {
      headers: { 'content-type': 'application/wasm' },
    }),
});

port.on('message', (message: WorkerMessage) => {
  if (message.type === 'MOUNT' && message.data !== undefined) {
    const { files } = message.data.options as { files: readonly MountedFile[] };
    message.data.options = { blobs: files.map(toBlob) };
  }
  scope.onmessage?.({ data: message });
});

await import(url);

function toBlob({ name, path }: MountedFile): unknown {
  const descriptor = openSync(path, 'r');
  const { size } = statSync(path);
  const slice = (from: number, to: number): FileSlice => ({
    descriptor,
    from,
    size: Math.max(0, Math.min(to, size) - from),
  });
  return { name, data: { size, slice } };
}
