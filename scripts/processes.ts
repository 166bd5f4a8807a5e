import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface ListedProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Every process of this machine. */
export async function listProcesses(): Promise<ListedProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match
      ? [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] ?? '' }]
      : [];
  });
}

/** These processes and all that they started. */
export function descendantsOf(
  pids: readonly number[],
  processes: readonly ListedProcess[],
): ListedProcess[] {
  const found = new Set(pids);
  for (let grew = true; grew;) {
    const children = processes.filter(({ pid, parent }) => found.has(parent) && !found.has(pid));
    for (const { pid } of children) found.add(pid);
    grew = children.length > 0;
  }
  return processes.filter(({ pid }) => found.has(pid));
}
