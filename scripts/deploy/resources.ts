import type { WorkerConfig } from './read-workers.ts';

/** What the Workers of one deployment keep their data in, by name. */
export interface Resources {
  readonly databases: readonly string[];
  readonly buckets: readonly string[];
  readonly namespaces: readonly string[];
  /** Dead-letter queues first: a consumer that names one needs it. */
  readonly queues: readonly string[];
}

/** Everything that these configurations name; what several Workers share is there once. */
export function collectResources(configs: readonly WorkerConfig[]): Resources {
  const queues = configs.flatMap(({ queues: own }) => [
    ...(own?.consumers ?? []).map(({ dead_letter_queue: dead }) => dead),
    ...(own?.consumers ?? []).map(({ queue }) => queue),
    ...(own?.producers ?? []).map(({ queue }) => queue),
  ]);
  return {
    databases: named(configs.flatMap((config) => config.d1_databases ?? []).map(databaseName)),
    buckets: named(configs.flatMap((config) => config.r2_buckets ?? []).map(bucketName)),
    namespaces: named(
      configs
        .flatMap((config) => config.kv_namespaces ?? [])
        .map(({ binding }) => titleOf(binding)),
    ),
    queues: named(queues),
  };
}

/** Title of a KV namespace: what wrangler itself calls the one that it makes for the monolith. */
export function titleOf(binding: string): string {
  return `streamgate-${binding.toLowerCase()}`;
}

function databaseName({ database_name: name }: { readonly database_name?: string | undefined }) {
  return name;
}

function bucketName({ bucket_name: name }: { readonly bucket_name?: unknown }) {
  return typeof name === 'string' ? name : undefined;
}

function named(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.filter((name) => name !== undefined))];
}
