#!/usr/bin/env node
// Stands in for wrangler and the account behind it, which cannot exist in a test: a JSON file is the account. What is
// not there is refused in wrangler's own words.
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

interface StandInWorker {
  secrets: string[];
  vars: Record<string, string>;
}

export interface StandInAccount {
  accounts: { id: string; name: string }[];
  databases: Record<string, { uuid: string; migrated: boolean; tokens: number }>;
  namespaces: Record<string, string>;
  buckets: Record<string, string[]>;
  queues: string[];
  workers: Record<string, StandInWorker>;
  /** Where the deployed platform answers. */
  address: string;
}

interface DeployedConfig {
  name: string;
  vars: Record<string, string>;
  services?: { service: string }[];
  d1_databases: { database_id?: string }[];
  kv_namespaces: { id?: string }[];
  r2_buckets: { bucket_name: string }[];
  queues: { producers?: { queue: string }[]; consumers?: { queue: string }[] };
}

const file = process.env['STAND_IN_ACCOUNT'] ?? '';
const before = readFileSync(file, 'utf8');
const account = JSON.parse(before) as StandInAccount;
const args = process.argv.slice(2);
appendFileSync(`${file}.log`, `${args.join(' ')}\n`);
try {
  answer();
} catch (error) {
  console.error(`✘ [ERROR] ${String(error)}`);
  process.exitCode = 1;
} finally {
  const after = JSON.stringify(account);
  // Looks may run at the same time: only a change writes, and whole.
  if (after !== before) {
    writeFileSync(`${file}.${process.pid}`, after);
    renameSync(`${file}.${process.pid}`, file);
  }
}

function answer(): void {
  const [one = '', two = '', three = '', four = ''] = args;
  const commands: Record<string, () => void> = {
    'whoami --json': () => {
      if (account.accounts.length === 0) throw new Error('loggedIn: false');
      print({ loggedIn: true, accounts: account.accounts });
    },
    'd1 list': () =>
      print(Object.entries(account.databases).map(([name, { uuid }]) => ({ name, uuid }))),
    'd1 create': () => {
      account.databases[three] = { uuid: `d1-${three}`, migrated: false, tokens: 0 };
    },
    'd1 time-travel': () => print({ bookmark: '0000-bookmark' }),
    'd1 migrations': () => void (database(four).migrated = true),
    'd1 execute': () => executeSql(three),
    'kv namespace': () => {
      if (three === 'create') account.namespaces[four] = `kv-${four}`;
      else print(Object.entries(account.namespaces).map(([title, id]) => ({ title, id })));
    },
    'r2 bucket': () => answerBucket(three, four),
    'queues info': () => {
      if (!account.queues.includes(three)) throw new Error(`Queue "${three}" does not exist.`);
    },
    'queues create': () => void account.queues.push(three),
    'secret list': () => print(worker(option('--name')).secrets.map((name) => ({ name }))),
    'deployments list': () => {
      worker(option('--name'));
      print([{ versions: [{ version_id: 'v1' }] }]);
    },
    'versions view': () => {
      const bindings = Object.entries(worker(option('--name')).vars).map(([name, text]) => ({
        type: 'plain_text',
        name,
        text,
      }));
      print({ resources: { bindings } });
    },
  };
  if (one === 'deploy') return deploy();
  const command = commands[`${one} ${two}`];
  if (command === undefined) throw new Error(`Unknown command: ${args.join(' ')}`);
  command();
}

function answerBucket(action: string, name: string): void {
  if (action === 'create') account.buckets[name] = [];
  const rules = account.buckets[name] ?? account.buckets[args[4] ?? ''];
  if (rules === undefined) throw new Error('The specified bucket does not exist.');
  if (action === 'lifecycle' && name === 'add') rules.push(args[5] ?? '');
  if (action === 'lifecycle' && name === 'list') console.log(rules.join('\n'));
}

function executeSql(name: string): void {
  const found = database(name);
  if (!found.migrated) throw new Error('no such table: api_tokens');
  if (args.includes('--json')) print([{ results: [{ tokens: found.tokens }] }]);
  else found.tokens += 1;
}

function deploy(): void {
  if (args.includes('--dry-run')) return console.log('Total Upload: 3 KiB / gzip: 1.00 KiB');
  const config = JSON.parse(readFileSync(option('-c'), 'utf8')) as DeployedConfig;
  const { consumers = [], producers = [] } = config.queues;
  for (const { queue } of [...consumers, ...producers])
    if (!account.queues.includes(queue)) throw new Error(`Queue "${queue}" does not exist.`);
  for (const { service } of config.services ?? []) worker(service);
  const databases = Object.values(account.databases);
  if (
    !config.d1_databases.every(({ database_id: id }) => databases.some(({ uuid }) => uuid === id))
  )
    throw new Error('the database of this id does not exist');
  if (databases.some(({ migrated }) => !migrated)) throw new Error('code before its schema');
  const ids = Object.values(account.namespaces);
  if (!config.kv_namespaces.every(({ id = '' }) => ids.includes(id)))
    throw new Error('the KV namespace of this id does not exist');
  for (const { bucket_name: bucket } of config.r2_buckets)
    if (account.buckets[bucket] === undefined) throw new Error('bucket does not exist');
  const given = parseEnv(readFileSync(option('--secrets-file'), 'utf8'));
  const former = account.workers[config.name];
  account.workers[config.name] = {
    secrets: [...new Set([...(former?.secrets ?? []), ...Object.keys(given)])],
    vars: config.vars,
  };
  const line = { type: 'deploy', worker_name: config.name, targets: [account.address] };
  appendFileSync(process.env['WRANGLER_OUTPUT_FILE_PATH'] ?? '', `${JSON.stringify(line)}\n`);
}

function worker(name: string): StandInWorker {
  const found = account.workers[name];
  if (found === undefined) throw new Error(`Worker "${name}" not found.`);
  return found;
}

function database(name: string): StandInAccount['databases'][string] {
  const found = account.databases[name];
  if (found === undefined) throw new Error(`Couldn't find DB with name '${name}'`);
  return found;
}

function option(name: string): string {
  return args[args.indexOf(name) + 1] ?? '';
}

function print(answered: unknown): void {
  console.log(JSON.stringify(answered, undefined, 2));
}
