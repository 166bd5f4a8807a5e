import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'smol-toml';
import type { Unstable_RawConfig as WorkerConfig } from 'wrangler';

export type { WorkerConfig };

/** `monolith`: one Worker. `services`: one Worker for each service. */
export type Shape = 'monolith' | 'services';

export interface WorkerFile {
  /** The wrangler.toml. */
  readonly path: string;
  readonly config: WorkerConfig & { readonly name: string };
}

/** The Workers of a shape as their wrangler.toml files describe them. Throws when one has no name. */
export function readWorkers(project: string, shape: Shape): WorkerFile[] {
  const files = shape === 'monolith' ? [join(project, 'wrangler.toml')] : serviceFiles(project);
  return files.map((path) => ({ path, config: readConfig(path) }));
}

/** One configuration file. */
export function readConfig(path: string): WorkerFile['config'] {
  const config = parse(readFileSync(path, 'utf8')) as WorkerConfig;
  const { name } = config;
  if (name === undefined) throw new Error(`${path} gives its Worker no name`);
  return { ...config, name };
}

function serviceFiles(project: string): string[] {
  const folder = join(project, 'workers');
  return readdirSync(folder)
    .toSorted()
    .map((name) => join(folder, name, 'wrangler.toml'))
    .filter((path) => existsSync(path));
}
