import { join } from 'node:path';

import { findWorkers, requireAccount, requireContainers } from './account.ts';
import type { DeployedWorker, FoundWorkers } from './account.ts';
import { writeConfig } from './plan.ts';
import type { Plan, PlannedWorker, StageSettings } from './plan.ts';
import { ensureAdminToken, migrate, prepareResources } from './prepare-account.ts';
import { requireOneShape } from './shape-change.ts';
import { chooseSecrets, readKnownSecrets, SECRETS, writeSecrets } from './secrets.ts';
import { smokeTest } from './smoke-test.ts';
import { deployWorker } from './wrangler.ts';

export interface DeployRequest {
  readonly plan: Plan;
  readonly url?: string;
  readonly transcoder?: string;
  readonly changeShape: boolean;
}

type Say = (line: string) => void;

/** Deploys a stage: checks, resources, schema, secrets, code, smoke test, in this order. Run again, it changes nothing it need not. */
export async function deployPlatform(request: DeployRequest, say: Say): Promise<void> {
  const { plan } = request;
  say(`Account     ${await requireAccount()}`);
  const others = await requireOneShape(plan, request.changeShape);
  const found = await findWorkers(plan.workers.map(({ name }) => name));
  let settings = decideSettings(request, found);
  if (settings.transcoder === 'container') await requireContainers();
  const { ids, made } = await prepareResources(plan);
  say(`Resources   ${made.length === 0 ? 'all there' : `made ${made.join(', ')}`}`);
  const configs = plan.workers.map((worker) => writeConfig(plan, worker, settings, ids));
  const [database = ''] = plan.resources.databases;
  const config = configs[plan.workers.findIndex(hasDatabase)] ?? '';
  const bookmark = await migrate(database, config);
  say(`Schema      up to date${bookmark === undefined ? '' : `; before it: bookmark ${bookmark}`}`);
  const secretsFile = await prepareSecrets(plan, [...found.values(), ...others.values()]);
  say(`Secrets     kept in ${secretsFile}`);
  for (const worker of plan.workers.filter(
    ({ isCalledEarly, name }) => isCalledEarly && !found.has(name),
  ))
    await deployOne(writeConfig(plan, worker, settings, ids, true), secretsFile);
  let addresses: readonly string[] = [];
  const deployAll = async (): Promise<void> => {
    for (const worker of plan.workers) {
      const targets = await deployOne(writeConfig(plan, worker, settings, ids), secretsFile);
      if (worker.isPublic) addresses = targets;
      say(`Worker      ${worker.name}`);
    }
  };
  await deployAll();
  if (settings.url === undefined) {
    // Only now the address is known that the Workers must be told.
    settings = { ...settings, url: requireAddress(addresses) };
    await deployAll();
  }
  const token = await ensureAdminToken(plan, config);
  const url = settings.url ?? '';
  const todo = await smokeTest(url, plan.shape);
  say(`Smoke test  passed`);
  for (const line of todo) say(`Still to do ${line}`);
  say(`\n  ${url}/`);
  if (token !== undefined) say(`\n  Admin token, shown this once – keep it:\n  ${token}`);
}

/** What the command line says, else what the running version was told. */
function decideSettings(
  { plan, url, transcoder }: DeployRequest,
  found: FoundWorkers,
): StageSettings {
  const front = plan.workers.find((worker) => worker.isPublic);
  const vars = Object.assign({}, ...[...found.values()].map((worker) => worker.vars)) as Record<
    string,
    string
  >;
  const former = found.get(front?.name ?? '')?.vars['PUBLIC_URL'];
  const address = url ?? (former === front?.file.config.vars?.['PUBLIC_URL'] ? undefined : former);
  return {
    transcoder: transcoder ?? vars['TRANSCODER_URL'] ?? '',
    ...(address !== undefined && { url: address }),
  };
}

async function prepareSecrets(plan: Plan, workers: readonly DeployedWorker[]): Promise<string> {
  const file = join(plan.folder, 'secrets.env');
  const known = await readKnownSecrets(file);
  const deployed = new Set(workers.flatMap(({ secrets }) => secrets));
  const complete = workers.filter(({ secrets }) => SECRETS.every((name) => secrets.includes(name)));
  const missing = complete.length < plan.workers.length ? SECRETS : [];
  await writeSecrets(file, { ...known, ...chooseSecrets(missing, { deployed, known }) });
  return file;
}

async function deployOne(config: string, secretsFile: string): Promise<readonly string[]> {
  return deployWorker(['-c', config, '--secrets-file', secretsFile]);
}

function hasDatabase({ file }: PlannedWorker): boolean {
  return (file.config.d1_databases ?? []).some((binding) => binding.migrations_dir !== undefined);
}

function requireAddress(addresses: readonly string[]): string {
  const [address] = addresses;
  if (address === undefined)
    throw new Error('the deployed Worker has no address: give one with --url https://…');
  return new URL(address).origin;
}
