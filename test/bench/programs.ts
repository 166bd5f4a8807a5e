import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** How to get what a benchmark needs, for the person who reads that it is missing. */
const INSTALL: Readonly<Record<string, string>> = {
  ffmpeg: 'install ffmpeg (Debian, Ubuntu: apt-get install ffmpeg)',
  ffprobe: 'install ffmpeg (Debian, Ubuntu: apt-get install ffmpeg)',
  nginx:
    'install nginx with its secure_link module (Debian, Ubuntu: apt-get install nginx-light; check with nginx -V)',
  wrk: 'install wrk (Debian, Ubuntu: apt-get install wrk)',
};
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 5000;

/** The programs of the list that do not run here, each with what to do about it. */
export async function missingPrograms(names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(names.map((name) => isUsable(name)));
  return names.filter((_, index) => !found[index]).map((name) => `${name}: ${INSTALL[name]}`);
}

async function isUsable(name: string): Promise<boolean> {
  const { output } = await run(name, [name === 'wrk' || name === 'nginx' ? '-V' : '-version']);
  if (name === 'nginx') return output.includes('http_secure_link_module');
  return output !== '';
}

/** Runs a program to its end; a program that is not there has no output. Never throws. */
async function run(name: string, args: readonly string[]): Promise<{ output: string }> {
  try {
    const { stdout, stderr } = await promisify(execFile)(name, [...args]);
    return { output: stdout + stderr };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { output: stdout + stderr };
  }
}

/** A server that was started for a benchmark. */
export interface Started {
  readonly pid: number;
  /** What it wrote so far. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts a program in the background. Throws when it ends before `ready` does. */
export async function start(
  command: readonly string[],
  ready: () => Promise<void>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Started> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${program} ended with ${code} before it was ready:\n${output}`)),
    );
  });
  ended.catch(() => undefined);
  const started: Started = {
    pid: child.pid ?? 0,
    output: () => output,
    stop: () => endProcess(child),
  };
  try {
    await Promise.race([ready(), ended]);
    return started;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const late = sleep(STOP_DEADLINE_MS, 'late' as const, { ref: false });
  if ((await Promise.race([ended, late])) === 'late') child.kill('SIGKILL');
  await ended;
}

/** Waits until the address answers anything at all. Throws when it takes a minute. */
export async function untilAnswers(url: string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${url} does not answer`, { cause: error });
      await sleep(50);
    }
  }
}

/** Puts a program on one core, where the system can. */
export async function pinned(core: number, command: readonly string[]): Promise<string[]> {
  const { output } = await run('taskset', ['-c', String(core), 'true', '--version']);
  const { output: help } = await run('taskset', ['--version']);
  const works = help !== '' && !output.includes('failed');
  return works ? ['taskset', '-c', String(core), ...command] : [...command];
}
