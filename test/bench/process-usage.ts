import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** `USER_HZ`, the unit of `/proc/*\/stat`: 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;
const KIB = 1024;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** CPU seconds of the process alone. */
  readonly own: number;
  /** CPU seconds of the children that it has waited for, and of theirs. */
  readonly reaped: number;
  /** With the pid this names a process for ever. */
  readonly startedAt: string;
}

/** CPU seconds of the children that this process has waited for. */
export async function childrenCpuSeconds(): Promise<number> {
  return (await readStat(process.pid))?.reaped ?? 0;
}

/** CPU seconds that a process and all that it started have used, as far as they live or were waited for. */
export async function treeCpuSeconds(pid: number): Promise<number> {
  return (await readTree(pid)).reduce((sum, { own, reaped }) => sum + own + reaped, 0);
}

/** What a process tree has used since the watching began. */
interface TreeUse {
  readonly cpuSeconds: number;
  /** The part that the first process itself used. */
  readonly ownCpuSeconds: number;
  /** The most memory seen; shared pages are divided among those who share them. */
  readonly peakBytes: number;
}

export interface TreeWatch {
  use(): Promise<TreeUse>;
  stop(): void;
}

/**
 * Looks at a process tree again and again. A program in a sandbox may end without anybody waiting for it, and then only
 * the last look knows what it used; one that was waited for is counted exactly. The larger of both sums is the answer.
 */
export function watchTree(pid: number, everyMs = 50): TreeWatch {
  const seen = new Map<string, number>();
  const stopping = new AbortController();
  let peakBytes = 0;
  const look = async (): Promise<readonly ProcessStat[]> => {
    const tree = await readTree(pid);
    for (const each of tree) seen.set(`${each.pid} ${each.startedAt}`, each.own);
    const sizes = await Promise.all(tree.map((each) => proportionalBytes(each.pid)));
    peakBytes = Math.max(
      peakBytes,
      sizes.reduce((sum, size) => sum + size, 0),
    );
    return tree;
  };
  const watching = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await look();
      await sleep(everyMs);
    }
  };
  void watching();
  return {
    use: async () => {
      const tree = await look();
      const first = tree.find((each) => each.pid === pid);
      const looked = [...seen.values()].reduce((sum, own) => sum + own, 0);
      const waitedFor = tree.reduce((sum, { own, reaped }) => sum + own + reaped, 0);
      const cpuSeconds = Math.max(looked, waitedFor);
      return { cpuSeconds, ownCpuSeconds: first?.own ?? 0, peakBytes };
    },
    stop: () => stopping.abort(),
  };
}

/** The process itself and all that it started, now. */
async function readTree(pid: number): Promise<readonly ProcessStat[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = (await Promise.all(names.map((name) => readStat(Number(name))))).filter(
    (each) => each !== undefined,
  );
  const tree = all.filter((each) => each.pid === pid);
  for (const member of tree) tree.push(...all.filter(({ parent }) => parent === member.pid));
  return tree;
}

/** `undefined` when the process is gone. Fields 4, 14 to 17 and 22; the name in field 2 may hold spaces. */
async function readStat(pid: number): Promise<ProcessStat | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 20) return undefined;
  const seconds = (first: number): number =>
    (Number(fields[first]) + Number(fields[first + 1])) / TICKS_A_SECOND;
  const parent = Number(fields[1]);
  return { pid, parent, own: seconds(11), reaped: seconds(13), startedAt: fields[19] ?? '' };
}

async function proportionalBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * KIB;
}
