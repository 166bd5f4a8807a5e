import { fileURLToPath } from 'node:url';

import type { EncoderEngine, EngineExit, EngineRun } from './engine.ts';
import { runProcess } from './run-process.ts';

const MAX_SOURCE_BYTES = 1024 ** 3;
const PROGRAM = fileURLToPath(new URL('./wasm-program.ts', import.meta.url));

/** The ffmpeg of the npm packages, for a machine without an installed one: several times slower, no AV1, no HDR. */
export async function createWasmEngine(): Promise<EncoderEngine> {
  return {
    name: `ffmpeg ${await findVersion()} (WebAssembly)`,
    sandbox: 'sandbox: WebAssembly',
    maxSourceBytes: MAX_SOURCE_BYTES,
    missingCodecs: new Set(['av1']),
    canEncodeHdr: false,
    maxShortSide: 1080,
    encoders: ['h264'],
    run: runWasm,
  };
}

/** In a process of its own: V8 crashes when a thread that runs WebAssembly is terminated, a process can be killed. */
function runWasm(run: EngineRun): Promise<EngineExit> {
  const source = run.sourceFile ?? '';
  return runProcess([process.execPath, PROGRAM, source, run.program, ...run.arguments], run);
}

async function findVersion(): Promise<string> {
  let version: string | undefined;
  const { errors } = await runWasm({
    program: 'ffmpeg',
    arguments: ['-version'],
    folder: process.cwd(),
    signal: new AbortController().signal,
    cpuSeconds: 10,
    maxFileBytes: 0,
    onLine: (line) => {
      version ??= /^ffmpeg version (\S+)/.exec(line)?.[1];
    },
  });
  if (version === undefined) throw new Error(`the WebAssembly ffmpeg does not run: ${errors}`);
  return version;
}
