import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { VIDEO_CODECS } from '../../src/contracts/profile.ts';
import type { VideoCodec } from '../../src/contracts/profile.ts';
import type { EncoderEngine, EngineExit, EngineRun } from './engine.ts';
import { findProgram } from './find-program.ts';
import { runProcess } from './run-process.ts';
import { chooseSandbox } from './sandbox.ts';
import type { Sandbox } from './sandbox.ts';

/** Measured: a ladder of 1080p to 360p from 4K runs in 1.5 GiB with two threads; 8K and more threads need more. */
const DEFAULT_MEMORY_BYTES = 6 * 1024 ** 3;
const PROGRAM_CHECK_MS = 10_000;
/** Seconds between the CPU limit's request to end and the kill. */
const CPU_GRACE_SECONDS = 2;

const WRAPPER_FAILED = /^(?:bwrap|unshare|setpriv|prlimit): /m;

interface Programs {
  readonly ffmpeg: string;
  readonly ffprobe: string;
  readonly prlimit: string | undefined;
  /** Makes the kernel end ffmpeg when this process is killed; Linux only. */
  readonly setpriv: string | undefined;
  readonly sandbox: Sandbox;
}

/** The installed ffmpeg, or `undefined` when ffmpeg or ffprobe is not on the path or does not run. */
export async function findNativeEngine(): Promise<EncoderEngine | undefined> {
  const [ffmpeg, ffprobe, prlimit, setpriv] = await Promise.all(
    ['ffmpeg', 'ffprobe', 'prlimit', 'setpriv'].map(findProgram),
  );
  if (ffmpeg === undefined || ffprobe === undefined) return undefined;
  const [version] = await Promise.all([versionOf(ffmpeg), versionOf(ffprobe)]);
  if (version === undefined) return undefined;
  return createNativeEngine(version, await encodersOf(ffmpeg), {
    ffmpeg,
    ffprobe,
    prlimit,
    setpriv: (await canBindToParent(setpriv)) ? setpriv : undefined,
    sandbox: await chooseSandbox([ffmpeg, ffprobe]),
  });
}

function createNativeEngine(
  version: string,
  encoders: readonly VideoCodec[],
  programs: Programs,
): EncoderEngine {
  return {
    name: `ffmpeg ${version} (native)`,
    sandbox: programs.sandbox.description,
    maxSourceBytes: Infinity,
    missingCodecs: new Set(),
    canEncodeHdr: true,
    encoders,
    run: (run) => runProgram(programs, run),
  };
}

async function runProgram(programs: Programs, run: EngineRun): Promise<EngineExit> {
  const { prlimit, setpriv, sandbox } = programs;
  const inside = await sandbox.enter([programs[run.program], ...run.arguments], run);
  const exit = await runProcess(
    [
      ...(setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--']),
      ...(prlimit === undefined ? [] : [prlimit, ...limits(run), '--']),
      ...inside,
    ],
    run,
  );
  // ffmpeg never ran: the machine is at fault and not the file.
  if (exit.code !== 0 && WRAPPER_FAILED.test(exit.errors)) throw new Error(exit.errors);
  return exit;
}

function limits(run: EngineRun): string[] {
  const cpuSeconds = Math.ceil(run.cpuSeconds);
  return [
    `--as=${run.memoryBytes ?? DEFAULT_MEMORY_BYTES}`,
    `--cpu=${cpuSeconds}:${cpuSeconds + CPU_GRACE_SECONDS}`,
    `--fsize=${run.maxFileBytes}`,
    '--nofile=256',
    '--core=0',
  ];
}

/** BusyBox has a setpriv that cannot. */
async function canBindToParent(setpriv: string | undefined): Promise<boolean> {
  if (setpriv === undefined) return false;
  return promisify(execFile)(setpriv, ['--pdeathsig', 'KILL', '--', 'true']).then(
    () => true,
    () => false,
  );
}

const ENCODERS: Readonly<Record<VideoCodec, string>> = {
  h264: 'libx264',
  hevc: 'libx265',
  av1: 'libsvtav1',
};

async function encodersOf(program: string): Promise<VideoCodec[]> {
  const { stdout } = await promisify(execFile)(program, ['-hide_banner', '-encoders'], {
    timeout: PROGRAM_CHECK_MS,
  });
  const names = new Set(stdout.split('\n').map((line) => line.trim().split(/\s+/)[1]));
  return VIDEO_CODECS.filter((codec) => names.has(ENCODERS[codec]));
}

async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['-version'], {
      timeout: PROGRAM_CHECK_MS,
    });
    return /version (\d[\w.]*)/.exec(stdout)?.[1] ?? 'unknown';
  } catch {
    // Not executable on this machine: as good as not installed.
    return undefined;
  }
}
