import { dirname, join, relative } from 'node:path';

import type { WorkerConfig, WorkerFile } from './read-workers.ts';
import { titleOf } from './resources.ts';

/** What a stage says about a Worker beyond its wrangler.toml. */
export interface StageFacts {
  /** `production`, or another that has resources of its own beside it. */
  readonly stage: string;
  /** Folder that the configuration is written to; relative paths start there. */
  readonly folder: string;
  readonly vars: Readonly<Record<string, string>>;
  /** Ids of databases by name and of KV namespaces by title, once they are known. */
  readonly ids: ReadonlyMap<string, string>;
  /** `containers/transcoder/container.toml`, when the encoder runs in Cloudflare Containers. */
  readonly container?: WorkerFile;
  /** Host of the public Worker, when it is not its workers.dev address. */
  readonly customDomain?: string;
}

/** The name of something in a stage: production has the plain names of the wrangler.toml files. */
export function nameIn(stage: string, name: string): string {
  return stage === 'production' ? name : name.replace(/^streamgate\b/, `streamgate-${stage}`);
}

/** The configuration that is deployed: a copy of the Worker's own with the stage's names, ids and variables. */
export function toStageConfig(file: WorkerFile, facts: StageFacts): WorkerFile['config'] {
  const { config } = file;
  const named = (name: string): string => nameIn(facts.stage, name);
  const moved = (path: string): string => movePath(file.path, path, facts.folder);
  return {
    ...config,
    ...withBindings(config, named, facts, moved),
    ...withContainer(config, facts),
    name: named(config.name),
    ...(config.main !== undefined && { main: moved(config.main) }),
    vars: { ...config.vars, ...pick(facts.vars, Object.keys(config.vars ?? {})) },
    ...(config.build !== undefined && { build: { ...config.build, cwd: dirname(file.path) } }),
    ...(config.assets?.directory !== undefined && {
      assets: { ...config.assets, directory: moved(config.assets.directory) },
    }),
    ...(isPublic(config) &&
      facts.customDomain !== undefined && {
        routes: [{ pattern: facts.customDomain, custom_domain: true }],
        workers_dev: false,
      }),
  };
}

/** The Worker that people reach: only services hide themselves from workers.dev. */
export function isPublic(config: WorkerConfig): boolean {
  return config.workers_dev !== false;
}

/** The Worker as others can already be bound to it: without what it calls, and nothing reaches or wakes it. */
export function toDraft(config: WorkerFile['config']): WorkerFile['config'] {
  const { services: _services, triggers: _triggers, routes: _routes, ...rest } = config;
  const { durable_objects: objects, queues } = config;
  return {
    ...rest,
    workers_dev: false,
    ...(objects !== undefined && {
      durable_objects: {
        bindings: (objects.bindings ?? []).filter(({ script_name: host }) => host === undefined),
      },
    }),
    ...(queues !== undefined && { queues: { producers: queues.producers ?? [] } }),
  };
}

function withBindings(
  config: WorkerConfig,
  named: (name: string) => string,
  { ids }: StageFacts,
  moved: (path: string) => string,
): WorkerConfig {
  const { services, durable_objects: objects, d1_databases: databases, queues } = config;
  return {
    ...(services !== undefined && {
      services: services.map((binding) => ({ ...binding, service: named(binding.service) })),
    }),
    ...(objects !== undefined && {
      durable_objects: {
        ...objects,
        bindings: (objects.bindings ?? []).map(({ script_name: host, ...binding }) => ({
          ...binding,
          ...(host !== undefined && { script_name: named(host) }),
        })),
      },
    }),
    ...(databases !== undefined && {
      d1_databases: databases.map((binding) => {
        const name = named(binding.database_name ?? '');
        return {
          ...binding,
          database_name: name,
          ...(binding.migrations_dir !== undefined && {
            migrations_dir: moved(binding.migrations_dir),
          }),
          ...idOf(ids, name, 'database_id'),
        };
      }),
    }),
    ...(config.r2_buckets !== undefined && {
      r2_buckets: config.r2_buckets.map((binding) => ({
        ...binding,
        ...(typeof binding.bucket_name === 'string' && { bucket_name: named(binding.bucket_name) }),
      })),
    }),
    ...(config.kv_namespaces !== undefined && {
      kv_namespaces: config.kv_namespaces.map((binding) => ({
        ...binding,
        ...idOf(ids, named(titleOf(binding.binding)), 'id'),
      })),
    }),
    ...(queues !== undefined && { queues: nameQueues(queues, named) }),
  };
}

function nameQueues(
  queues: NonNullable<WorkerConfig['queues']>,
  named: (name: string) => string,
): NonNullable<WorkerConfig['queues']> {
  return {
    ...(queues.producers !== undefined && {
      producers: queues.producers.map((producer) => ({
        ...producer,
        ...(typeof producer.queue === 'string' && { queue: named(producer.queue) }),
      })),
    }),
    ...(queues.consumers !== undefined && {
      consumers: queues.consumers.map((consumer) => ({
        ...consumer,
        queue: named(consumer.queue),
        ...(consumer.dead_letter_queue !== undefined && {
          dead_letter_queue: named(consumer.dead_letter_queue),
        }),
      })),
    }),
  };
}

/** Only the Worker that has the container's class gets the container. */
function withContainer(
  config: WorkerConfig,
  { container, folder, stage }: StageFacts,
): WorkerConfig {
  const [application] = container?.config.containers ?? [];
  const own = application && config.exports?.[application.class_name ?? ''];
  if (container === undefined || application === undefined || own === undefined) return {};
  const name = nameIn(stage, application.name ?? 'streamgate-transcoder');
  const moved = (path: string): string => movePath(container.path, path, folder);
  return {
    containers: [
      {
        ...application,
        name,
        ...(application.image !== undefined && { image: moved(application.image) }),
        ...(application.image_build_context !== undefined && {
          image_build_context: moved(application.image_build_context),
        }),
      },
    ],
    exports: {
      ...config.exports,
      [application.class_name ?? '']: { ...own, container: name },
    } as NonNullable<WorkerConfig['exports']>,
  };
}

function movePath(file: string, path: string, folder: string): string {
  const moved = relative(folder, join(dirname(file), path));
  return moved.startsWith('.') ? moved : `./${moved}`;
}

function idOf<Key extends string>(
  ids: ReadonlyMap<string, string>,
  name: string,
  key: Key,
): Partial<Record<Key, string>> {
  const id = ids.get(name);
  return id === undefined ? {} : ({ [key]: id } as Record<Key, string>);
}

function pick(from: Readonly<Record<string, string>>, names: readonly string[]) {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
