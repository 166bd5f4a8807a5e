import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { unstable_readConfig as readConfig } from 'wrangler';

import { PROJECT, wranglerEnv } from '../../scripts/local-state.ts';

const SECRETS = {
  KEY_ENCRYPTION_SECRET: 'benchmark-key-encryption-secret-0123456789',
  TASK_TOKEN_SECRET: 'benchmark-task-token-secret-0123456789abcdef',
};

/** The runtime's program, the one that wrangler uses. */
export function workerdProgram(): string {
  const fromHere = createRequire(import.meta.url);
  const fromWrangler = createRequire(fromHere.resolve('wrangler/package.json'));
  return (fromWrangler('workerd') as { default: string }).default;
}

/** Bundles the product's whole Worker as `wrangler deploy` would, into `{folder}/bundle/index.js`. */
export async function bundleWorker(folder: string): Promise<void> {
  const outdir = join(folder, 'bundle');
  await mkdir(outdir, { recursive: true });
  await promisify(execFile)('wrangler', ['deploy', '--dry-run', '--outdir', outdir], {
    cwd: PROJECT,
    env: wranglerEnv(),
  });
}

/** A Worker that only hands on a run of bytes: what the runtime itself costs. */
function bareWorker(key: string, offset: number, length: number): string {
  const range = JSON.stringify({ offset, length });
  return `export default { async fetch(request, env) {
    const object = await env.MEDIA.get(${JSON.stringify(key)}, { range: ${range} });
    return new Response(object.body, { headers: { 'content-length': '${length}' } });
  } };`;
}

export interface WorkerdPorts {
  readonly product: number;
  readonly bare: number;
  readonly store: number;
}

/**
 * Writes a configuration for `workerd serve`: the bundled Worker, its R2 binding bound to an HTTP server, no other
 * store; and beside it a Worker that does nothing but hand on the given run of bytes.
 */
export async function writeWorkerdConfig(
  folder: string,
  ports: WorkerdPorts,
  bytes: { readonly key: string; readonly offset: number; readonly length: number },
): Promise<string> {
  const config = readConfig({ config: join(PROJECT, 'wrangler.toml') });
  const url = `http://127.0.0.1:${ports.product}`;
  const variables = { ...config.vars, ...SECRETS, PUBLIC_URL: url };
  const bindings = [
    '(name = "MEDIA", r2Bucket = "store")',
    ...Object.entries(variables).map(
      ([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`,
    ),
  ];
  const text = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ( name = "main",
      worker = (
        modules = [ (name = "index.js", esModule = embed "bundle/index.js") ],
        compatibilityDate = ${JSON.stringify(config.compatibility_date)},
        compatibilityFlags = ${JSON.stringify(config.compatibility_flags)},
        bindings = [ ${bindings.join(',\n          ')} ] ) ),
    ( name = "bare",
      worker = (
        modules = [ (name = "bare.js", esModule = ${JSON.stringify(bareWorker(bytes.key, bytes.offset, bytes.length))}) ],
        compatibilityDate = ${JSON.stringify(config.compatibility_date)},
        bindings = [ (name = "MEDIA", r2Bucket = "store") ] ) ),
    (name = "store", external = (address = "127.0.0.1:${ports.store}", http = ())),
  ],
  sockets = [
    (name = "product", address = "127.0.0.1:${ports.product}", http = (), service = "main"),
    (name = "bare", address = "127.0.0.1:${ports.bare}", http = (), service = "bare"),
  ],
);
`;
  const file = join(folder, 'workerd.capnp');
  await writeFile(file, text);
  return file;
}
