import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { makePlan } from '../deploy/plan.ts';
import { parseJson } from '../deploy/account.ts';
import { runWrangler } from '../deploy/wrangler.ts';
import { PROJECT, wranglerEnv } from '../local-state.ts';
import { endFormerRun } from '../former-run.ts';
import { freePort } from '../ports.ts';
import { readWorkers } from '../deploy/read-workers.ts';

const START_DEADLINE_MS = 60_000;

/** A platform's stores: those of a state folder, or of a stage in the account. */
export interface Place {
  readonly name: string;
  /** Where its secrets are kept, if this machine has them. */
  readonly secretsFile: string;
  /** Writes the whole database as SQL. */
  exportDatabase(file: string): Promise<void>;
  /** Runs the statements of a file. */
  runSql(file: string): Promise<void>;
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Address of the bucket's door, with the routes of `object-door.js`. */
  readonly objects: string;
  close(): Promise<void>;
}

export interface PlaceOptions {
  /** State folder of a local platform, which must not be running. */
  readonly folder: string;
  /** A stage of the account instead. */
  readonly stage?: string;
}

/** Opens the stores. Throws a sentence when a platform runs on them or the account cannot be reached. */
export async function openPlace({ folder, stage }: PlaceOptions): Promise<Place> {
  const work = await mkdtemp(join(tmpdir(), 'streamgate-place-'));
  const isLocal = stage === undefined;
  if (isLocal) {
    await endFormerRun(folder);
    await linkState(folder, work);
  }
  const { resources, folder: stageFolder } = makePlan('monolith', stage ?? 'production');
  const [database = ''] = resources.databases;
  const [bucket = ''] = resources.buckets;
  const config = join(work, 'wrangler.json');
  await writeFile(config, JSON.stringify(configOf({ database, bucket, isLocal })));
  const where = isLocal ? '--local' : '--remote';
  const execute = ['d1', 'execute', database, where, '-c', config, '--yes'];
  const door = await openDoor(config);
  return {
    name: stage === undefined ? folder : `stage ${stage}`,
    secretsFile: join(isLocal ? folder : stageFolder, 'secrets.env'),
    exportDatabase: async (file) => {
      await runWrangler(['d1', 'export', database, where, '-c', config, '--output', file, '-y']);
    },
    runSql: async (file) => void (await runWrangler([...execute, '--file', file])),
    query: async (sql) => {
      const answer = parseJson(await runWrangler([...execute, '--json', '--command', sql]));
      return (answer as readonly { results: Record<string, unknown>[] }[])[0]?.results ?? [];
    },
    objects: door.address,
    close: async () => {
      await door.close();
      await rm(work, { recursive: true, force: true });
    },
  };
}

/** wrangler looks for local state beside the configuration. */
async function linkState(folder: string, work: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await mkdir(join(work, '.wrangler'));
  await symlink(resolve(folder), join(work, '.wrangler', 'state'));
}

interface Names {
  readonly database: string;
  readonly bucket: string;
  readonly isLocal: boolean;
}

function configOf({ database, bucket, isLocal }: Names): object {
  const [monolith] = readWorkers(PROJECT, 'monolith');
  return {
    name: 'streamgate-object-door',
    main: join(PROJECT, 'scripts/backup/object-door.js'),
    compatibility_date: monolith?.config.compatibility_date,
    r2_buckets: [{ binding: 'MEDIA', bucket_name: bucket, remote: !isLocal }],
    d1_databases: [{ binding: 'DB', database_name: database, migrations_dir: '.' }],
  };
}

async function openDoor(
  config: string,
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const program = process.env['STREAMGATE_WRANGLER'] ?? 'wrangler';
  const args = ['dev', '-c', config, '--ip', '127.0.0.1', '--port', String(port)];
  const child = spawn(
    program,
    [...args, '--inspector-port', '0', '--show-interactive-dev-session=false'],
    { cwd: PROJECT, env: wranglerEnv(), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-10_000)));
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const response = await fetch(`${address}/list`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return { address, close };
    if (child.exitCode !== null || Date.now() > deadline) {
      await close();
      throw new Error(`the object store does not answer:\n${output.trim()}`);
    }
    await sleep(200);
  }
}

/** True when there is a state folder at all. */
export function hasState(folder: string): boolean {
  return existsSync(join(folder, 'v3'));
}
