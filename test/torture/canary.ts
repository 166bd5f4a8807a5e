import { once } from 'node:events';
import { stat, utimes, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

const LONG_AGO = new Date('2001-01-01');

/** A file and an address that nobody may touch. */
export interface Canary {
  readonly file: string;
  readonly address: string;
  /** False where the file system does not note reads: then only the address is watched. */
  readonly seesReads: boolean;
  /** What was touched since the start, in words. */
  touched(): Promise<string[]>;
  close(): void;
}

/** Sets both up. */
export async function setCanary(file: string): Promise<Canary> {
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await writeFile(file, '#EXTM3U\nsecret\n');
  await age(file);
  await readFile(file);
  const seesReads = await wasRead(file);
  await age(file);
  return {
    file,
    seesReads,
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    touched: async () => [
      ...(visits > 0 ? [`the canary server had ${visits} visits`] : []),
      ...(seesReads && (await wasRead(file)) ? ['the canary file was read'] : []),
    ],
    close: () => server.close(),
  };
}

/** Read before it was written: even file systems that note reads rarely note the next one. */
async function age(file: string): Promise<void> {
  await utimes(file, LONG_AGO, new Date());
}

async function wasRead(file: string): Promise<boolean> {
  return (await stat(file)).atime.getTime() !== LONG_AGO.getTime();
}
