import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { experimental_readRawConfig as readRawConfig } from 'wrangler';
import type { Unstable_RawConfig as WorkerConfig } from 'wrangler';

import { SERVICE_NAMES } from '../src/contracts/services.ts';
import type { ServiceName } from '../src/contracts/services.ts';
import { PROJECT } from './local-state.ts';

export interface DevServices {
  /** Services to run beside the gateway; all by default. One that is left out has no binding anywhere. */
  readonly only?: readonly ServiceName[];
  /** Another entry than the service's own, for tests of what happens when a service fails. */
  readonly entries?: Readonly<Partial<Record<ServiceName, string>>>;
}

/** The `wrangler.toml` of a service. */
export function serviceConfigFile(name: ServiceName): string {
  return join(PROJECT, 'workers', name, 'wrangler.toml');
}

/** What a `wrangler.toml` says, as it stands there. */
export function readWorkerConfig(file: string): WorkerConfig {
  return (readRawConfig({ config: file }) as { rawConfig: WorkerConfig }).rawConfig;
}

/**
 * Writes the configuration of each service for this machine: the service's own, with these variables, these secrets and without
 * bindings to services that do not run. Answers the files, the gateway's first.
 */
export async function writeDevConfigs(
  folder: string,
  options: DevServices & {
    readonly variables: Readonly<Record<string, string>>;
    readonly secretsFile: string;
  },
): Promise<string[]> {
  const running = SERVICE_NAMES.filter(
    (name) => name === 'gateway' || (options.only?.includes(name) ?? true),
  );
  const files: string[] = [];
  for (const name of running) {
    const home = join(folder, 'services', name);
    await mkdir(home, { recursive: true });
    const source = serviceConfigFile(name);
    const config = toDevConfig(readWorkerConfig(source), dirname(source), running);
    const main = options.entries?.[name] ?? config.main;
    const vars = { ...config.vars, ...options.variables };
    const file = join(home, 'wrangler.json');
    await writeFile(file, JSON.stringify({ ...config, main, vars }, undefined, 2));
    // wrangler reads the secrets of each Worker beside its configuration.
    await copyFile(options.secretsFile, join(home, '.dev.vars'));
    await chmod(join(home, '.dev.vars'), 0o600);
    files.push(file);
  }
  return files;
}

function toDevConfig(
  config: WorkerConfig,
  home: string,
  running: readonly ServiceName[],
): WorkerConfig {
  // The page is built once before all of them, and migrations were applied.
  const { build: _, ...rest } = config;
  const names = new Set(running.map((name) => `streamgate-${name}`));
  const services = (config.services ?? []).filter(({ service }) => names.has(service));
  return {
    ...rest,
    services,
    ...(config.main !== undefined && { main: resolve(home, config.main) }),
    ...(config.assets?.directory !== undefined && {
      assets: { ...config.assets, directory: resolve(home, config.assets.directory) },
    }),
  };
}
