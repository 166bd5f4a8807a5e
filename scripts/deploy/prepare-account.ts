import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { firstRunSql } from '../../workers/auth/first-run.ts';
import {
  ensureBucket,
  ensureDatabase,
  ensureNamespace,
  ensureQueue,
  parseJson,
} from './account.ts';
import type { Plan } from './plan.ts';
import { runWrangler } from './wrangler.ts';

export interface Prepared {
  /** Ids of databases by name and of KV namespaces by title. */
  readonly ids: ReadonlyMap<string, string>;
  readonly made: readonly string[];
}

/** Makes what the stage lacks; what is there is left as it is. */
export async function prepareResources({ resources }: Plan): Promise<Prepared> {
  const ids = new Map<string, string>();
  const made: string[] = [];
  const note = (name: string, isNew: boolean): void => void (isNew && made.push(name));
  for (const name of resources.databases) {
    const database = await ensureDatabase(name);
    ids.set(name, database.id);
    note(name, database.made);
  }
  for (const title of resources.namespaces) {
    const namespace = await ensureNamespace(title);
    ids.set(title, namespace.id);
    note(title, namespace.made);
  }
  for (const name of resources.buckets) note(name, await ensureBucket(name));
  for (const name of resources.queues) note(name, await ensureQueue(name));
  return { ids, made };
}

/** Applies what is missing of the schema. Answers the bookmark to which the database can be turned back. */
export async function migrate(database: string, config: string): Promise<string | undefined> {
  const info = await runWrangler(['d1', 'time-travel', 'info', database, '--json', '-c', config]);
  await runWrangler(['d1', 'migrations', 'apply', database, '--remote', '-c', config]);
  return (parseJson(info) as { readonly bookmark?: string } | undefined)?.bookmark;
}

interface CountedTokens {
  readonly results: readonly { readonly tokens: number }[];
}

/** Makes the account and its first admin token where there is no token yet. Answers the token that it made. */
export async function ensureAdminToken(plan: Plan, config: string): Promise<string | undefined> {
  const [database = ''] = plan.resources.databases;
  const execute = ['d1', 'execute', database, '--remote', '-c', config, '--yes'];
  const given = process.env['STREAMGATE_ADMIN_TOKEN'];
  const query = 'SELECT count(*) AS tokens FROM api_tokens';
  const answer = await runWrangler([...execute, '--json', '--command', query]);
  const [first] = parseJson(answer) as readonly CountedTokens[];
  if ((first?.results[0]?.tokens ?? 0) > 0 && given === undefined) return undefined;
  const token = given ?? `sg_${randomBytes(32).toString('base64url')}`;
  const file = join(plan.folder, 'first-run.sql');
  await writeFile(file, firstRunSql(token, Date.now()), { mode: 0o600 });
  try {
    await runWrangler([...execute, '--file', file]);
  } finally {
    await rm(file, { force: true });
  }
  return given === undefined ? token : undefined;
}
