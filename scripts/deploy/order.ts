import type { WorkerConfig } from './read-workers.ts';

export interface Caller {
  readonly name: string;
  /** Names of the Workers that must exist before this one can be deployed. */
  readonly calls: readonly string[];
}

export interface DeployOrder {
  /** Callee first, as far as that is possible. */
  readonly names: readonly string[];
  /** Workers that somebody before them in `names` calls: where such a one does not exist yet, a draft goes first. */
  readonly calledEarly: readonly string[];
}

/** The Workers that this one is bound to: services, and Durable Objects that live elsewhere. */
export function calleesOf(config: WorkerConfig): string[] {
  const services = (config.services ?? []).map(({ service }) => service);
  const hosts = (config.durable_objects?.bindings ?? []).flatMap(({ script_name: host }) =>
    host === undefined ? [] : [host],
  );
  return [...new Set([...services, ...hosts])].filter((name) => name !== config.name);
}

/** Deploys callee first; of Workers that call each other the one that waits for the fewest goes first. */
export function orderWorkers(workers: readonly Caller[]): DeployOrder {
  const waiting = new Map(workers.map((worker) => [worker.name, worker]));
  const names: string[] = [];
  const calledEarly = new Set<string>();
  const openCalls = ({ calls }: Caller): string[] => calls.filter((name) => waiting.has(name));
  while (waiting.size > 0) {
    const [next] = [...waiting.values()].toSorted(
      (one, other) => openCalls(one).length - openCalls(other).length,
    );
    if (next === undefined) break;
    waiting.delete(next.name);
    names.push(next.name);
    for (const name of openCalls(next)) calledEarly.add(name);
  }
  return { names, calledEarly: [...calledEarly] };
}
