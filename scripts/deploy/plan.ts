import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { PROJECT } from '../local-state.ts';
import { calleesOf, orderWorkers } from './order.ts';
import { readConfig, readWorkers } from './read-workers.ts';
import type { Shape, WorkerFile } from './read-workers.ts';
import { collectResources } from './resources.ts';
import type { Resources } from './resources.ts';
import { isPublic, nameIn, toDraft, toStageConfig } from './stage-config.ts';

export interface Plan {
  readonly shape: Shape;
  readonly stage: string;
  /** Folder of this stage's configurations and secrets. */
  readonly folder: string;
  /** Callee first. */
  readonly workers: readonly PlannedWorker[];
  readonly resources: Resources;
}

export interface PlannedWorker {
  readonly file: WorkerFile;
  /** Its name in the stage. */
  readonly name: string;
  readonly isPublic: boolean;
  /** A Worker before this one is bound to it. */
  readonly isCalledEarly: boolean;
}

/** What a stage is told, by the command line or by the version that runs. */
export interface StageSettings {
  /** Origin under which people reach it; undefined until a first deploy has made it. */
  readonly url?: string;
  /** `container`, the origin of an encoder process, or empty. */
  readonly transcoder: string;
}

const CONTAINER_FILE = join(PROJECT, 'containers/transcoder/container.toml');
const STAGE_PATTERN = /^[a-z][a-z0-9]{0,19}$/;
/** Cloudflare's limit for the names of Workers and queues. */
const LONGEST_NAME = 63;

/** All that can be known without an account. Throws a sentence about a name that cannot be. */
export function makePlan(shape: Shape, stage: string): Plan {
  if (!STAGE_PATTERN.test(stage))
    throw new Error(`--env takes up to 20 lower-case letters and digits, not "${stage}"`);
  const files = new Map(readWorkers(PROJECT, shape).map((file) => [file.config.name, file]));
  const callers = [...files].map(([name, { config }]) => ({ name, calls: calleesOf(config) }));
  const { names, calledEarly } = orderWorkers(callers);
  const inStage = (name: string): string => requireShort(nameIn(stage, name));
  const all = collectResources([...files.values()].map(({ config }) => config));
  return {
    shape,
    stage,
    folder: join(PROJECT, '.streamgate', 'deploy', stage),
    workers: names.flatMap((name) => {
      const file = files.get(name);
      if (file === undefined) return [];
      const isCalledEarly = calledEarly.includes(name);
      return [{ file, name: inStage(name), isPublic: isPublic(file.config), isCalledEarly }];
    }),
    resources: {
      databases: all.databases.map(inStage),
      buckets: all.buckets.map(inStage),
      namespaces: all.namespaces.map(inStage),
      queues: all.queues.map(inStage),
    },
  };
}

/** Writes the configuration of a Worker (or of its draft) that is deployed, and answers the file. */
export function writeConfig(
  plan: Plan,
  worker: PlannedWorker,
  settings: StageSettings,
  ids: ReadonlyMap<string, string>,
  isDraft = false,
): string {
  const container = settings.transcoder === 'container' ? readConfig(CONTAINER_FILE) : undefined;
  const { url } = settings;
  const config = toStageConfig(worker.file, {
    stage: plan.stage,
    folder: plan.folder,
    ids,
    vars: {
      APP_ENVIRONMENT: 'production',
      TRANSCODER_URL: settings.transcoder,
      ...(url !== undefined && { PUBLIC_URL: url }),
      ...(container !== undefined && containerVars(container)),
    },
    ...(container !== undefined && { container: { path: CONTAINER_FILE, config: container } }),
    ...(url !== undefined && isCustomDomain(url) && { customDomain: new URL(url).host }),
  });
  mkdirSync(plan.folder, { recursive: true });
  const path = join(plan.folder, `${worker.name}.json`);
  writeFileSync(path, JSON.stringify(isDraft ? toDraft(config) : config, undefined, 2));
  return path;
}

/** One runner for each instance. */
function containerVars(container: WorkerFile['config']): Record<string, string> {
  const [application] = container.containers ?? [];
  return {
    ...(container.vars as Record<string, string>),
    TRANSCODER_SLOTS: String(application?.max_instances ?? 1),
  };
}

function isCustomDomain(url: string): boolean {
  const { hostname } = new URL(url);
  return !hostname.endsWith('.workers.dev') && hostname !== '127.0.0.1';
}

function requireShort(name: string): string {
  if (name.length > LONGEST_NAME)
    throw new Error(`"${name}" is longer than ${LONGEST_NAME} characters: choose a shorter --env`);
  return name;
}
