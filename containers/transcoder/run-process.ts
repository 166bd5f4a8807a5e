import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';

import { readBoundedLines } from './bounded-lines.ts';
import type { EngineExit, EngineRun } from './engine.ts';
import { createErrorTail } from './error-tail.ts';
import { causeOf } from './exit-cause.ts';

/** Runs a command for an engine: clean environment, a process group of its own, killed when the signal says so. */
export async function runProcess(
  [command = '', ...args]: readonly string[],
  run: EngineRun,
): Promise<EngineExit> {
  run.signal.throwIfAborted();
  // A group of its own: one signal reaches the program and all that it started.
  const child = spawn(command, args, {
    cwd: run.folder,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', HOME: run.folder, TMPDIR: run.folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const kill = (): void => killGroup(child);
  run.signal.addEventListener('abort', kill, { once: true });
  try {
    const exit = await outcome(child, run);
    run.signal.throwIfAborted();
    return exit;
  } finally {
    run.signal.removeEventListener('abort', kill);
    killGroup(child);
  }
}

function outcome(child: ChildProcess, run: EngineRun): Promise<EngineExit> {
  const tail = createErrorTail();
  const startedAt = performance.now();
  if (child.stdout) readBoundedLines(child.stdout, run.onLine ?? (() => undefined));
  if (child.stderr) readBoundedLines(child.stderr, (line) => tail.add(line));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const lastedSeconds = (performance.now() - startedAt) / 1000;
      const mayHaveUsedItsCpu = lastedSeconds * availableParallelism() >= run.cpuSeconds;
      const stoppedBy = causeOf({ code, signal, mayHaveUsedItsCpu });
      const errors = tail.text();
      if (stoppedBy !== undefined) resolve({ code: undefined, stoppedBy, errors });
      else resolve({ code: code ?? undefined, errors });
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: it ended by itself in between.
    if ((error as { code?: unknown }).code !== 'ESRCH') throw error;
  }
}
