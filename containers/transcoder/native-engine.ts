import { execFile } from 'node:child_process';
import { access, constants, mkdir, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { SOURCE_PATH } from '../../src/media/ffmpeg-guards.ts';
import type { EncoderEngine, EngineExit, EngineRun } from './engine.ts';
import { runProcess } from './run-process.ts';

/** Measured: a ladder of 1080p to 360p from 4K runs in 1.5 GiB with two threads; 8K and more threads need more. */
const ADDRESS_SPACE_BYTES = 6 * 1024 ** 3;
const PROGRAM_CHECK_MS = 10_000;

interface Programs {
  readonly ffmpeg: string;
  readonly ffprobe: string;
  readonly prlimit: string | undefined;
  /** Makes the kernel end ffmpeg when this process is killed; Linux only. */
  readonly setpriv: string | undefined;
}

/** The installed ffmpeg, or `undefined` when ffmpeg or ffprobe is not on the path or does not run. */
export async function findNativeEngine(): Promise<EncoderEngine | undefined> {
  const [ffmpeg, ffprobe, prlimit, setpriv] = await Promise.all(
    ['ffmpeg', 'ffprobe', 'prlimit', 'setpriv'].map(findProgram),
  );
  if (ffmpeg === undefined || ffprobe === undefined) return undefined;
  const [version] = await Promise.all([versionOf(ffmpeg), versionOf(ffprobe)]);
  if (version === undefined) return undefined;
  return createNativeEngine(version, {
    ffmpeg,
    ffprobe,
    prlimit,
    setpriv: (await canBindToParent(setpriv)) ? setpriv : undefined,
  });
}

function createNativeEngine(version: string, programs: Programs): EncoderEngine {
  return {
    name: `ffmpeg ${version} (native)`,
    maxSourceBytes: Infinity,
    missingCodecs: new Set(),
    canEncodeHdr: true,
    run: (run) => runProgram(programs, run),
  };
}

async function runProgram(programs: Programs, run: EngineRun): Promise<EngineExit> {
  if (run.sourceFile !== undefined) await showSource(run.folder, run.sourceFile);
  const { prlimit, setpriv } = programs;
  const command = [
    ...(setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--']),
    ...(prlimit === undefined ? [] : [prlimit, ...limits(run)]),
    programs[run.program],
    ...run.arguments,
  ];
  return runProcess(command, run);
}

async function showSource(folder: string, sourceFile: string): Promise<void> {
  const link = join(folder, SOURCE_PATH);
  await mkdir(dirname(link), { recursive: true });
  await symlink(sourceFile, link).catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
  });
}

function limits(run: EngineRun): string[] {
  return [
    `--as=${ADDRESS_SPACE_BYTES}`,
    `--cpu=${Math.ceil(run.cpuSeconds)}`,
    `--fsize=${run.maxFileBytes}`,
    '--nofile=256',
    '--core=0',
    '--',
  ];
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== '' && isThere) return path;
  }
  return undefined;
}

/** BusyBox has a setpriv that cannot. */
async function canBindToParent(setpriv: string | undefined): Promise<boolean> {
  if (setpriv === undefined) return false;
  return promisify(execFile)(setpriv, ['--pdeathsig', 'KILL', '--', 'true']).then(
    () => true,
    () => false,
  );
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
