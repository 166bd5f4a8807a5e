import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

const PREFIX = 'streamgate-work-';
/** A socket that only a living owner answers; unlike a process id it is never used again by somebody else. */
const LOCK = 'owner';
/** Longer than it takes from the folder to its lock. */
const BIRTH_MS = 60_000;

/** Makes this process's own folder below `parent`, and removes the folders, with all sources in them, of encoders that were killed. */
export async function makeWorkFolder(parent: string): Promise<string> {
  const folder = await mkdtemp(join(parent, PREFIX));
  await hold(join(folder, LOCK));
  const others = (await readdir(parent))
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(parent, name))
    .filter((path) => path !== folder);
  await Promise.all(others.map(removeAbandoned));
  return folder;
}

/** What cannot be removed, such as another user's, stays: that must not keep an encoder from starting. */
async function removeAbandoned(folder: string): Promise<void> {
  try {
    if (await isAbandoned(folder)) await rm(folder, { recursive: true, force: true });
  } catch {
    // Gone in between, or not ours.
  }
}

async function isAbandoned(folder: string): Promise<boolean> {
  const answer = await ask(join(folder, LOCK));
  if (answer === 'ECONNREFUSED') return true;
  return answer === 'ENOENT' && Date.now() - (await stat(folder)).mtimeMs > BIRTH_MS;
}

async function hold(path: string): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.unref();
}

/** `connected`, or the code of the error. */
async function ask(path: string): Promise<string> {
  const socket = connect(path);
  try {
    return await new Promise<string>((resolve) => {
      socket.once('connect', () => resolve('connected'));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
  } finally {
    socket.destroy();
  }
}
