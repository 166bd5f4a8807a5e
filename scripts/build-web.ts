import { cp, copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const WEB = join(dirname(fileURLToPath(import.meta.url)), '..', 'web');
const DIST = join(WEB, 'dist');

// Built beside the target and moved file by file: `wrangler dev` and a test may build at the same moment.
const work = join(WEB, `.build-${process.pid}`);
try {
  await buildInto(work);
  await moveFiles(work, DIST);
} finally {
  await rm(work, { recursive: true, force: true });
}

async function buildInto(outdir: string): Promise<void> {
  await build({
    entryPoints: ['dashboard.ts', 'watch.ts', 'dashboard.css', 'watch.css'].map((name) =>
      join(WEB, 'src', name),
    ),
    outdir: join(outdir, 'assets'),
    bundle: true,
    format: 'esm',
    splitting: true,
    chunkNames: 'part-[hash]',
    minify: true,
    sourcemap: true,
    target: ['chrome111', 'firefox113', 'safari16.4'],
    logLevel: 'warning',
  });
  await cp(join(WEB, 'static'), outdir, { recursive: true });
  for (const page of ['index.html', 'watch.html', '_headers'])
    await copyFile(join(WEB, page), join(outdir, page));
}

/** Leaves a file alone that did not change, and drops parts of earlier builds once they are an hour old. */
async function moveFiles(from: string, to: string): Promise<void> {
  const files = await listFiles(from);
  for (const file of files) {
    await mkdir(dirname(join(to, file)), { recursive: true });
    if (await isSame(join(from, file), join(to, file))) continue;
    await rename(join(from, file), join(to, file));
  }
  for (const file of await listFiles(to)) {
    if (!files.includes(file) && (await isOld(join(to, file))))
      await rm(join(to, file), { force: true });
  }
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

async function isSame(one: string, other: string): Promise<boolean> {
  const bytes = await readFile(other).catch(() => undefined);
  return bytes !== undefined && bytes.equals(await readFile(one));
}

async function isOld(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > 60 * 60 * 1000;
}
