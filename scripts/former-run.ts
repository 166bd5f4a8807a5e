import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { descendantsOf, listProcesses } from './processes.ts';

const FILE = 'processes.json';
const OURS = /wrangler|workerd|containers\/transcoder/;

interface RememberedRun {
  /** The process that started the others. */
  readonly owner: number;
  readonly pids: readonly number[];
}

/** Notes which processes belong to this state folder. */
export async function rememberRun(
  folder: string,
  pids: readonly (number | undefined)[],
): Promise<void> {
  const run: RememberedRun = { owner: process.pid, pids: pids.filter((pid) => pid !== undefined) };
  await writeFile(join(folder, FILE), JSON.stringify(run));
}

/** The run ended in good order. */
export async function forgetRun(folder: string): Promise<void> {
  await rm(join(folder, FILE), { force: true });
}

/** Ends what a killed run left behind; throws when a run is alive: two platforms on one state folder would spoil it. */
export async function endFormerRun(folder: string): Promise<void> {
  const file = join(folder, FILE);
  if (!existsSync(file)) return;
  const { owner, pids: recorded } = JSON.parse(await readFile(file, 'utf8')) as RememberedRun;
  const processes = await listProcesses();
  if (
    owner !== process.pid &&
    processes.some(({ pid, command }) => pid === owner && /node|vitest/.test(command))
  ) {
    throw new Error(
      `the platform already runs on ${folder} (process ${owner}); stop it or choose another folder with --persist-to`,
    );
  }
  const left = recorded.filter((pid) =>
    processes.some((each) => each.pid === pid && OURS.test(each.command)),
  );
  for (const { pid } of descendantsOf(left, processes)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself in between.
    }
  }
}
