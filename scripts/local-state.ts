import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { firstRunSql } from '../workers/auth/first-run.ts';

/** Where the project lies. */
export const PROJECT = join(import.meta.dirname, '..');
const SHORTEST_ADMIN_TOKEN = 32;

export interface LocalState {
  /** Folder of everything that the local platform keeps. */
  readonly folder: string;
  readonly secretsFile: string;
  readonly taskTokenSecret: string;
  /** Set when this run made or was given an admin token. */
  readonly adminToken?: string;
  /** True when the token was made by this run and must be shown; until {@link confirmTokenShown} every run makes another one. */
  readonly isFirstRun: boolean;
}

/** Makes folder, secrets, database schema, account and admin token where they are missing. A given admin token always works afterwards. */
export async function prepareLocalState(folder: string, givenToken?: string): Promise<LocalState> {
  if (givenToken !== undefined && givenToken.length < SHORTEST_ADMIN_TOKEN) {
    throw new Error(`STREAMGATE_ADMIN_TOKEN must have at least ${SHORTEST_ADMIN_TOKEN} characters`);
  }
  await mkdir(folder, { recursive: true });
  const secretsFile = join(folder, 'secrets.env');
  const secrets = await readOrCreateSecrets(secretsFile);
  await applyMigrations(folder);
  const isFirstRun = !existsSync(markerIn(folder)) && givenToken === undefined;
  const adminToken = isFirstRun ? `sg_${randomBytes(32).toString('base64url')}` : givenToken;
  if (adminToken !== undefined) await storeAdminToken(folder, adminToken);
  if (givenToken !== undefined) await confirmTokenShown(folder);
  return {
    folder,
    secretsFile,
    taskTokenSecret: secrets['TASK_TOKEN_SECRET'] ?? '',
    isFirstRun,
    ...(adminToken !== undefined && { adminToken }),
  };
}

/** Notes that somebody has the admin token: no later run makes one. */
export async function confirmTokenShown(folder: string): Promise<void> {
  await writeFile(markerIn(folder), '');
}

function markerIn(folder: string): string {
  return join(folder, 'first-run-done');
}

async function readOrCreateSecrets(file: string): Promise<Record<string, string>> {
  if (!existsSync(file)) {
    const secret = (): string => randomBytes(32).toString('hex');
    const text = `KEY_ENCRYPTION_SECRET=${secret()}\nTASK_TOKEN_SECRET=${secret()}\n`;
    await writeFile(file, text, { mode: 0o600 });
  }
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** Skipped when this folder has seen the same migrations before. */
async function applyMigrations(folder: string): Promise<void> {
  const names = (await readdir(join(PROJECT, 'migrations')))
    .filter((name) => name.endsWith('.sql'))
    .toSorted();
  const hash = createHash('sha256');
  for (const name of names)
    hash.update(name).update(await readFile(join(PROJECT, 'migrations', name)));
  const digest = hash.digest('hex');
  const marker = join(folder, 'migrations-applied');
  const applied = existsSync(marker) ? await readFile(marker, 'utf8') : '';
  if (applied === digest) return;
  await runWrangler(['d1', 'migrations', 'apply', 'DB', '--local', '--persist-to', folder]);
  await writeFile(marker, digest);
}

async function storeAdminToken(folder: string, token: string): Promise<void> {
  const file = join(folder, 'first-run.sql');
  await writeFile(file, firstRunSql(token, Date.now()), { mode: 0o600 });
  try {
    await runWrangler([
      'd1',
      'execute',
      'DB',
      '--local',
      '--persist-to',
      folder,
      '--file',
      file,
      '--yes',
    ]);
  } finally {
    await rm(file, { force: true });
  }
}

/** Runs wrangler to its end. Throws with its output when it fails. */
async function runWrangler(args: readonly string[]): Promise<void> {
  const child = spawn('wrangler', args, {
    cwd: PROJECT,
    env: wranglerEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`wrangler ${args.slice(0, 3).join(' ')} failed:\n${output}`);
}

/**
 * Keeps the local runtime's memory flat while gigabytes pass through it. Every chunk of a body leaves a small
 * object behind that holds its bytes, and only V8's full collection frees them; with the sizes made for desktop
 * programs the first one comes 150 MB too late.
 */
const V8_FLAGS = '--optimize-for-size --initial-old-space-size=2 --heap-growing-percent=10';

/** Environment for wrangler: the project's own programs first, no telemetry, nothing fetched, no questions. */
export function wranglerEnv(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${join(PROJECT, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`,
    CI: '1',
    WRANGLER_SEND_METRICS: 'false',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    MINIFLARE_WORKERD_V8_FLAGS: V8_FLAGS,
  };
}
