import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { build } from 'esbuild';
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

/** Bundles a Worker of the product as `wrangler deploy` would; the monolith becomes `{outdir}/index.js`. */
export async function bundleWorker(outdir: string, config = 'wrangler.toml'): Promise<void> {
  await mkdir(outdir, { recursive: true });
  await promisify(execFile)(
    'wrangler',
    ['deploy', '--dry-run', '--config', config, '--outdir', outdir],
    { cwd: PROJECT, env: wranglerEnv() },
  );
}

/** Bundles the Worker of Hono that the product is compared with, into `{folder}/bundle/bare-hono.js`. */
export async function bundleBareHono(folder: string): Promise<void> {
  await build({
    entryPoints: [join(PROJECT, 'test/bench/bare-hono.ts')],
    outfile: join(folder, 'bundle/bare-hono.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
  });
}

/** A Worker that only hands on a run of bytes: what the runtime itself costs. */
const BARE_WORKER = `export default { async fetch(request, env) {
  const range = { offset: Number(env.SEGMENT_OFFSET), length: Number(env.SEGMENT_LENGTH) };
  const object = await env.MEDIA.get(env.SEGMENT_KEY, { range });
  return new Response(object.body, { headers: { 'content-length': env.SEGMENT_LENGTH } });
} };`;

export interface WorkerdPorts {
  readonly product: number;
  readonly bare: number;
  readonly hono: number;
  /** Where the HTTP servers behind R2 and D1 listen. */
  readonly store: number;
  readonly database: number;
}

/**
 * Writes a configuration for `workerd serve`: the bundled product, its R2 and D1 bindings bound to HTTP servers, no other
 * store; and beside it, with the same bindings, a Worker that only hands on the given run of bytes, and a Worker of Hono.
 */
export async function writeWorkerdConfig(
  folder: string,
  ports: WorkerdPorts,
  bytes: { readonly key: string; readonly offset: number; readonly length: number },
): Promise<string> {
  const config = readConfig({ config: join(PROJECT, 'wrangler.toml') });
  const product = {
    ...config.vars,
    ...SECRETS,
    PUBLIC_URL: `http://127.0.0.1:${ports.product}`,
  };
  const segment = {
    SEGMENT_KEY: bytes.key,
    SEGMENT_OFFSET: String(bytes.offset),
    SEGMENT_LENGTH: String(bytes.length),
  };
  const compatibility = `compatibilityDate = ${JSON.stringify(config.compatibility_date)},
        compatibilityFlags = ${JSON.stringify(config.compatibility_flags)}`;
  const worker = (name: string, module: string, variables: object): string => `( name = "${name}",
      worker = (
        modules = [ (name = "index.js", esModule = ${module}) ],
        ${compatibility},
        bindings = [ ${bindingsOf(variables).join(',\n          ')} ] ) )`;
  const text = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${worker('product', 'embed "bundle/index.js"', product)},
    ${worker('bare', JSON.stringify(BARE_WORKER), segment)},
    ${worker('hono', 'embed "bundle/bare-hono.js"', segment)},
    (name = "store", external = (address = "127.0.0.1:${ports.store}", http = ())),
    (name = "database", external = (address = "127.0.0.1:${ports.database}", http = ())),
  ],
  sockets = [
    ${(['product', 'bare', 'hono'] as const)
      .map(
        (name) =>
          `(name = "${name}", address = "127.0.0.1:${ports[name]}", http = (), service = "${name}"),`,
      )
      .join('\n    ')}
  ],
);
`;
  const file = join(folder, 'workerd.capnp');
  await writeFile(file, text);
  return file;
}

function bindingsOf(variables: object): string[] {
  const d1 = 'moduleName = "cloudflare-internal:d1-api"';
  return [
    '(name = "MEDIA", r2Bucket = "store")',
    `(name = "DB", wrapped = (${d1}, innerBindings = [ (name = "fetcher", service = "database") ]))`,
    ...Object.entries(variables).map(
      ([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`,
    ),
  ];
}
