import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { FFmpeg } from '@ffmpeg/ffmpeg';

import { SOURCE_PATH } from '../../src/media/ffmpeg-guards.ts';
import type { EncoderEngine, EngineExit, EngineRun } from './engine.ts';
import { createErrorTail } from './error-tail.ts';
import { withWebWorker } from './web-worker.ts';

// What worker.js makes of Emscripten's ExitStatus, a plain object: the program called exit() by itself.
const EXIT_STATUS = '[object Object]';
const MAX_SOURCE_BYTES = 1024 ** 3;

/** The ffmpeg of the npm packages, for a machine without an installed one: several times slower, no AV1, no HDR. */
export async function createWasmEngine(): Promise<EncoderEngine> {
  const classes = await loadClass();
  return {
    name: `ffmpeg ${await versionOf(classes)} (WebAssembly)`,
    maxSourceBytes: MAX_SOURCE_BYTES,
    missingCodecs: new Set(['av1']),
    canEncodeHdr: false,
    run: (run) => runInThread(classes, run),
  };
}

type FFmpegClass = new () => FFmpeg;

// The packages hide their files from Node ("exports"), but they work there when they are loaded by path.
const require = createRequire(import.meta.url);

async function loadClass(): Promise<FFmpegClass> {
  const path = join(dirname(require.resolve('@ffmpeg/ffmpeg')), 'classes.js');
  const loaded = (await import(pathToFileURL(path).href)) as { FFmpeg: FFmpegClass };
  return loaded.FFmpeg;
}

/** A fresh instance for each run: after a failed run its memory cannot be trusted. */
async function runInThread(FFmpegOf: FFmpegClass, run: EngineRun): Promise<EngineExit> {
  run.signal.throwIfAborted();
  const tail = createErrorTail();
  const ended = Promise.withResolvers<never>();
  const ffmpeg = new FFmpegOf();
  const abort = (): void => ended.reject(run.signal.reason);
  run.signal.addEventListener('abort', abort, { once: true });
  try {
    const work = execute(ffmpeg, run, { tail, onCrash: ended.reject });
    // The loser of the race still ends: terminate() rejects what it waits for.
    work.catch(() => undefined);
    return await Promise.race([work, ended.promise]);
  } catch (error) {
    run.signal.throwIfAborted();
    const text = String(error);
    if (text === EXIT_STATUS) return { code: 1, errors: tail.text() };
    tail.add(text);
    return { code: undefined, errors: tail.text() };
  } finally {
    run.signal.removeEventListener('abort', abort);
    ffmpeg.terminate();
  }
}

interface Listeners {
  readonly tail: ReturnType<typeof createErrorTail>;
  readonly onCrash: (error: Error) => void;
}

async function execute(ffmpeg: FFmpeg, run: EngineRun, listeners: Listeners): Promise<EngineExit> {
  const { tail, onCrash } = listeners;
  await withWebWorker(onCrash, () => ffmpeg.load(coreFiles()));
  ffmpeg.on('log', ({ type, message }) => {
    if (type === 'stdout') run.onLine?.(message);
    // Every run of this build ends with this line.
    else if (message !== 'Aborted()') tail.add(message);
  });
  if (run.sourceFile !== undefined) await showSource(ffmpeg, run.sourceFile);
  const code = await execProgram(ffmpeg, run);
  await saveOutputs(ffmpeg, run.folder);
  return { code, errors: tail.text() };
}

/** ffprobe's code is always −1 in this build, so it says nothing. */
async function execProgram(ffmpeg: FFmpeg, run: EngineRun): Promise<number> {
  if (run.program === 'ffmpeg') return ffmpeg.exec([...run.arguments]);
  await ffmpeg.ffprobe([...run.arguments]);
  return 0;
}

function coreFiles(): { coreURL: string; wasmURL: string } {
  const folder = join(dirname(require.resolve('@ffmpeg/core')), '..', 'esm');
  return {
    coreURL: pathToFileURL(join(folder, 'ffmpeg-core.js')).href,
    wasmURL: pathToFileURL(join(folder, 'ffmpeg-core.wasm')).href,
  };
}

async function showSource(ffmpeg: FFmpeg, sourceFile: string): Promise<void> {
  const folder = dirname(SOURCE_PATH);
  const files = [{ name: basename(SOURCE_PATH), path: sourceFile }];
  await ffmpeg.createDir(folder);
  // wasm-worker.ts opens these paths; the library's types know only the browser's Files.
  const mount = ffmpeg.mount as unknown as (
    type: string,
    options: { files: typeof files },
    at: string,
  ) => Promise<boolean>;
  await mount('WORKERFS', { files }, `/${folder}`);
}

async function saveOutputs(ffmpeg: FFmpeg, folder: string): Promise<void> {
  for (const { name, isDir } of await ffmpeg.listDir('/')) {
    if (isDir) continue;
    const bytes = await ffmpeg.readFile(name);
    await writeFile(join(folder, basename(name)), bytes);
    await ffmpeg.deleteFile(name);
  }
}

async function versionOf(FFmpegOf: FFmpegClass): Promise<string> {
  let version = 'unknown';
  const onLine = (line: string): void => {
    version = /^ffmpeg version (\S+)/.exec(line)?.[1] ?? version;
  };
  await runInThread(FFmpegOf, {
    program: 'ffmpeg',
    arguments: ['-version'],
    folder: '/nonexistent',
    signal: new AbortController().signal,
    cpuSeconds: 10,
    maxFileBytes: 0,
    onLine,
  });
  return version;
}
