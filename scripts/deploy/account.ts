import { failure, runWrangler, tryWrangler } from './wrangler.ts';

/** Days after which an upload that nobody ends is aborted by the store itself; the platform does so after one. */
const ABORT_UPLOADS_AFTER_DAYS = 2;
const ABORT_RULE = 'abort-stale-uploads';

export interface DeployedWorker {
  readonly secrets: readonly string[];
  /** Plain variables of the version that runs. */
  readonly vars: Readonly<Record<string, string>>;
}

/** Throws a sentence with the next step unless wrangler is logged in to exactly one account. */
export async function requireAccount(): Promise<string> {
  const { code, stdout } = await tryWrangler(['whoami', '--json']);
  const facts = (code === 0 ? parseJson(stdout) : undefined) as
    | { accounts?: readonly Named[] }
    | undefined;
  const accounts = facts?.accounts ?? [];
  const wanted = process.env['CLOUDFLARE_ACCOUNT_ID'];
  const [account, another] = accounts.filter(({ id }) => wanted === undefined || id === wanted);
  if (account === undefined && accounts.length > 0)
    throw new Error(`CLOUDFLARE_ACCOUNT_ID is ${wanted}, but this login sees ${listed(accounts)}`);
  if (account === undefined)
    throw new Error(
      'wrangler is not logged in: run "npx wrangler login", or set CLOUDFLARE_API_TOKEN',
    );
  if (another !== undefined)
    throw new Error(`set CLOUDFLARE_ACCOUNT_ID to one of ${listed(accounts)}`);
  return account.name;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

function listed(accounts: readonly Named[]): string {
  return accounts.map(({ id, name }) => `${id} (${name})`).join(', ');
}

/** Containers need the paid plan: listing them says whether this account has it. */
export async function requireContainers(): Promise<void> {
  const { code, output } = await tryWrangler(['containers', 'list']);
  if (code !== 0)
    throw new Error(`this account cannot run containers (Workers Paid plan?):\n${output.trim()}`);
}

export type FoundWorkers = ReadonlyMap<string, DeployedWorker>;

/** Those of these Workers that the account has. */
export async function findWorkers(names: readonly string[]): Promise<FoundWorkers> {
  const found = await Promise.all(
    names.map(async (name) => [name, await findWorker(name)] as const),
  );
  return new Map(found.flatMap(([name, worker]) => (worker === undefined ? [] : [[name, worker]])));
}

async function findWorker(name: string): Promise<DeployedWorker | undefined> {
  const secrets = await readOrMissing<readonly { readonly name: string }[]>(
    ['secret', 'list', '--name', name],
    /not found|10007/,
  );
  if (secrets === undefined) return undefined;
  const deployments = await readOrMissing<
    readonly { readonly versions: readonly { readonly version_id: string }[] }[]
  >(['deployments', 'list', '--name', name, '--json'], /not found|10007/);
  const version = deployments?.at(-1)?.versions[0]?.version_id;
  return {
    secrets: secrets.map((secret) => secret.name),
    vars: version === undefined ? {} : await readVars(name, version),
  };
}

interface Version {
  readonly resources: {
    readonly bindings: readonly { readonly type: string; readonly name: string; text?: string }[];
  };
}

async function readVars(name: string, version: string): Promise<Record<string, string>> {
  const text = await runWrangler(['versions', 'view', version, '--name', name, '--json']);
  const { bindings } = (parseJson(text) as Version).resources;
  return Object.fromEntries(
    bindings.flatMap((binding) =>
      binding.type === 'plain_text' ? [[binding.name, binding.text ?? '']] : [],
    ),
  );
}

/** Makes the database unless it is there. Answers its id. */
export async function ensureDatabase(name: string): Promise<{ id: string; made: boolean }> {
  const find = async (): Promise<string | undefined> => {
    const databases = await readList<{ name: string; uuid: string }>(['d1', 'list', '--json']);
    return databases.find((database) => database.name === name)?.uuid;
  };
  return ensure(name, find, ['d1', 'create', name]);
}

/** Makes the KV namespace unless it is there. Answers its id. */
export async function ensureNamespace(title: string): Promise<{ id: string; made: boolean }> {
  const find = async (): Promise<string | undefined> => {
    const spaces = await readList<{ title: string; id: string }>(['kv', 'namespace', 'list']);
    return spaces.find((space) => space.title === title)?.id;
  };
  return ensure(title, find, ['kv', 'namespace', 'create', title]);
}

/** Makes the bucket unless it is there, with the rule that aborts forgotten multipart uploads. True when it was made. */
export async function ensureBucket(name: string): Promise<boolean> {
  const info = ['r2', 'bucket', 'info', name, '--json'];
  const made = await createUnlessThere(info, ['r2', 'bucket', 'create', name]);
  const rules = await runWrangler(['r2', 'bucket', 'lifecycle', 'list', name]);
  if (!rules.includes(ABORT_RULE)) {
    const days = String(ABORT_UPLOADS_AFTER_DAYS);
    await runWrangler([
      ...['r2', 'bucket', 'lifecycle', 'add', name, ABORT_RULE],
      ...['--abort-multipart-days', days, '--force'],
    ]);
  }
  return made;
}

/** Makes the queue unless it is there. True when it was made. */
export async function ensureQueue(name: string): Promise<boolean> {
  return createUnlessThere(['queues', 'info', name], ['queues', 'create', name]);
}

async function ensure(
  name: string,
  find: () => Promise<string | undefined>,
  create: readonly string[],
): Promise<{ id: string; made: boolean }> {
  const found = await find();
  if (found !== undefined) return { id: found, made: false };
  await runWrangler(create);
  const id = await find();
  if (id === undefined)
    throw new Error(`"${name}" was made but is not listed; run the deploy again`);
  return { id, made: true };
}

async function createUnlessThere(
  look: readonly string[],
  create: readonly string[],
): Promise<boolean> {
  const { code, output } = await tryWrangler(look);
  if (code === 0) return false;
  if (!/does not exist/i.test(output)) throw failure(look, output);
  await runWrangler(create);
  return true;
}

async function readOrMissing<T>(args: readonly string[], missing: RegExp): Promise<T | undefined> {
  const { code, stdout, output } = await tryWrangler(args);
  if (code === 0) return parseJson(stdout) as T;
  if (missing.test(output)) return undefined;
  throw failure(args, output);
}

async function readList<T>(args: readonly string[]): Promise<readonly T[]> {
  return (parseJson(await runWrangler(args)) ?? []) as readonly T[];
}

/** The JSON in an answer, whatever wrangler prints before it. */
export function parseJson(text: string): unknown {
  const start = text.search(/^[[{]/m);
  return start === -1 ? undefined : JSON.parse(text.slice(start));
}
