import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { descendantsOf, listProcesses } from '../../scripts/processes.ts';

/** `USER_HZ`, the unit of `/proc/*\/stat`: 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;
const KIB = 1024;

/** CPU seconds that a process and every child it has waited for have used. */
export async function cpuSeconds(pid: number | 'self'): Promise<number> {
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = await cpuTicks(pid);
  return (user + system + childUser + childSystem) / TICKS_A_SECOND;
}

/** CPU seconds of the children that this process has waited for. */
export async function childrenCpuSeconds(): Promise<number> {
  const [, , childUser = 0, childSystem = 0] = await cpuTicks('self');
  return (childUser + childSystem) / TICKS_A_SECOND;
}

/** Fields 14 to 17 of `/proc/{pid}/stat`; the name in field 2 may hold spaces. */
async function cpuTicks(pid: number | 'self'): Promise<number[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).map(Number);
}

/** The process itself and all that it started, now. */
export async function processTree(pid: number): Promise<number[]> {
  return descendantsOf([pid], await listProcesses()).map((each) => each.pid);
}

/** Memory of a process tree: shared pages are divided among those who share them. */
async function treeBytes(pid: number): Promise<number> {
  const sizes = await Promise.all((await processTree(pid)).map(proportionalBytes));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function proportionalBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * KIB;
}

/** Looks at the memory of a process tree until told to stop; answers the most that it saw. */
export function watchMemory(pid: number, everyMs: number): { stop(): Promise<number> } {
  let peak = 0;
  const stopping = new AbortController();
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      peak = Math.max(peak, await treeBytes(pid));
      await sleep(everyMs);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await watching;
      return peak;
    },
  };
}
