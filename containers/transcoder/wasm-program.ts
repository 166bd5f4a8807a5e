import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { FFmpeg } from '@ffmpeg/ffmpeg';

import { SOURCE_PATH } from '../../src/media/ffmpeg-guards.ts';
import { withWebWorker } from './web-worker.ts';

// A program that behaves like ffmpeg or ffprobe: `wasm-program.ts {source or ''} ffmpeg|ffprobe {arguments…}`.
// It writes the outputs to its working directory and ends with the code of the run.

/** What worker.js makes of Emscripten's ExitStatus, a plain object: the run called exit() by itself. */
const EXIT_STATUS = '[object Object]';

// The packages hide their files from Node ("exports"), but they work there when they are loaded by path.
const require = createRequire(import.meta.url);

// Nobody waits for the run any more when the encoder was killed.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, 1000).unref();

const [source = '', program = '', ...args] = process.argv.slice(2);
process.exit(await main().catch(toExitCode));

async function main(): Promise<number> {
  const crashed = Promise.withResolvers<never>();
  const ffmpeg = new (await loadClass())();
  await withWebWorker(crashed.reject, () => ffmpeg.load(coreFiles()));
  ffmpeg.on('log', ({ type, message }) => {
    if (type === 'stdout') process.stdout.write(`${message}\n`);
    // Every run of this build ends with this line.
    else if (message !== 'Aborted()') process.stderr.write(`${message}\n`);
  });
  return Promise.race([execute(ffmpeg), crashed.promise]);
}

async function execute(ffmpeg: FFmpeg): Promise<number> {
  if (source !== '') await showSource(ffmpeg);
  const code = await execProgram(ffmpeg);
  await saveOutputs(ffmpeg);
  await flushed();
  return code;
}

/** ffprobe's code is always −1 in this build, so it says nothing. */
async function execProgram(ffmpeg: FFmpeg): Promise<number> {
  if (program === 'ffmpeg') return ffmpeg.exec(args);
  await ffmpeg.ffprobe(args);
  return 0;
}

async function toExitCode(error: unknown): Promise<number> {
  const text = String(error);
  if (text !== EXIT_STATUS) process.stderr.write(`${text}\n`);
  await flushed();
  return 1;
}

/** Pipes are written asynchronously, and `process.exit` does not wait for them. */
async function flushed(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => {
      stream.write('', () => resolve());
    });
  }
}

async function loadClass(): Promise<new () => FFmpeg> {
  const path = join(dirname(require.resolve('@ffmpeg/ffmpeg')), 'classes.js');
  const loaded = (await import(pathToFileURL(path).href)) as { FFmpeg: new () => FFmpeg };
  return loaded.FFmpeg;
}

function coreFiles(): { coreURL: string; wasmURL: string } {
  const folder = join(dirname(require.resolve('@ffmpeg/core')), '..', 'esm');
  return {
    coreURL: pathToFileURL(join(folder, 'ffmpeg-core.js')).href,
    wasmURL: pathToFileURL(join(folder, 'ffmpeg-core.wasm')).href,
  };
}

async function showSource(ffmpeg: FFmpeg): Promise<void> {
  const folder = dirname(SOURCE_PATH);
  const files = [{ name: basename(SOURCE_PATH), path: source }];
  await ffmpeg.createDir(folder);
  // wasm-worker.ts opens these paths; the library's types know only the browser's Files.
  const mount = ffmpeg.mount as unknown as (
    type: string,
    options: { files: typeof files },
    at: string,
  ) => Promise<boolean>;
  await mount('WORKERFS', { files }, `/${folder}`);
}

async function saveOutputs(ffmpeg: FFmpeg): Promise<void> {
  for (const { name, isDir } of await ffmpeg.listDir('/')) {
    if (isDir) continue;
    await writeFile(basename(name), await ffmpeg.readFile(name));
    await ffmpeg.deleteFile(name);
  }
}
