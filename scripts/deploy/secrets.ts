import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseEnv } from 'node:util';

/** What every Worker needs; docs/configuration.md tells what for. */
export const SECRETS = ['KEY_ENCRYPTION_SECRET', 'TASK_TOKEN_SECRET'] as const;

export type SecretName = (typeof SECRETS)[number];

export interface SecretSources {
  /** Names of the secrets that a Worker of this stage has already, of either shape. */
  readonly deployed: ReadonlySet<string>;
  /** Values kept from an earlier deploy of this stage, and those of the environment, which win. */
  readonly known: Readonly<Partial<Record<SecretName, string>>>;
}

/**
 * The values of the secrets that some Worker lacks: known ones, or new ones where no Worker has them yet.
 * Throws when a Worker has one whose value nobody here knows: all Workers must have the same.
 */
export function chooseSecrets(
  missing: readonly SecretName[],
  { deployed, known }: SecretSources,
): Partial<Record<SecretName, string>> {
  const chosen = missing.map((name) => {
    const value = known[name];
    if (value !== undefined) return [name, value];
    if (deployed.has(name))
      throw new Error(
        `another Worker of this stage has ${name}, but its value is not known here: put it into the environment or into the secrets file of the first deploy`,
      );
    return [name, randomBytes(32).toString('hex')];
  });
  return Object.fromEntries(chosen) as Partial<Record<SecretName, string>>;
}

/** The values kept in the file and those of the environment. */
export async function readKnownSecrets(file: string): Promise<SecretSources['known']> {
  const kept = existsSync(file) ? parseEnv(await readFile(file, 'utf8')) : {};
  const pairs = SECRETS.flatMap((name) => {
    const value = process.env[name] ?? kept[name];
    return value === undefined || value === '' ? [] : [[name, value]];
  });
  return Object.fromEntries(pairs) as SecretSources['known'];
}

/** Keeps the values, readable by their owner only. */
export async function writeSecrets(
  file: string,
  secrets: Readonly<Partial<Record<SecretName, string>>>,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
}
