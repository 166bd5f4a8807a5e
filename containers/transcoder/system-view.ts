import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, readlink, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';

import type { SystemView } from './bubblewrap.ts';
import { findProgram } from './find-program.ts';

const TOP_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
/** Where the loader of shared libraries looks, and what Debian's links in /usr lead through. */
const LOADER_FILES = ['/etc/alternatives', '/etc/ld.so.cache', '/etc/ld-musl-x86_64.path'];

/** `/usr`, the loader's files, and what these programs use that lies elsewhere: themselves and their libraries. */
export async function lookAtSystem(programs: readonly string[]): Promise<SystemView> {
  const links: { path: string; target: string }[] = [];
  const readOnly = ['/usr', ...LOADER_FILES].filter((path) => existsSync(path));
  for (const path of TOP_FOLDERS) {
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isSymbolicLink() === true) links.push({ path, target: await readlink(path) });
    else if (stats?.isDirectory() === true) readOnly.push(path);
  }
  const shown = [...readOnly, ...links.map(({ path }) => path)];
  const needed = (await Promise.all(programs.map(filesOf))).flat();
  const elsewhere = needed.filter((file) => !shown.some((path) => file.startsWith(`${path}/`)));
  return { links, readOnly: [...readOnly, ...new Set(elsewhere)] };
}

/** The program, what it is a link to, and its shared libraries under both names. */
async function filesOf(program: string): Promise<string[]> {
  const libraries = await librariesOf(program);
  const real = await Promise.all([program, ...libraries].map((file) => realpath(file)));
  return [program, ...libraries, ...real];
}

/** None for a static program, a script, or where there is no `ldd`: whether that is enough shows when it is run. */
async function librariesOf(program: string): Promise<string[]> {
  const ldd = await findProgram('ldd');
  if (ldd === undefined) return [];
  const { stdout } = await promisify(execFile)(ldd, [program]).catch(() => ({ stdout: '' }));
  return [...stdout.matchAll(/(?:=> |^\s+)(\/\S+)/gm)].map(([, path = '']) => path);
}
