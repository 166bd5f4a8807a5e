import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { unstable_readConfig as readConfig } from 'wrangler';

import { PROJECT } from '../../scripts/local-state.ts';
import { freePort } from '../../scripts/ports.ts';
import type { Benchmark, BenchOptions, Figure } from './figure.ts';
import { start, untilAnswers } from './programs.ts';
import { bundleWorker, workerdProgram } from './raw-workerd.ts';

const LIMIT_MS = 30;
const STARTS_A_ROUND = 5;
const NANOSECONDS_A_MS = 1e6;

export const startupBenchmark: Benchmark = {
  name: 'startup',
  title: 'CPU of the global scope of the monolith on raw workerd',
  programs: [],
  run: measure,
};

/** Starts with and without the product's modules, in turn; both answer the same request with the same words. */
async function measure({ folder, repeats, say }: BenchOptions): Promise<Figure[]> {
  await bundleWorker(join(folder, 'bundle'));
  const values: number[] = [];
  const empties: number[] = [];
  for (let round = 0; round < repeats * STARTS_A_ROUND; round++) {
    const empty = await startCpuMs(folder, 'empty');
    values.push((await startCpuMs(folder, 'product')) - empty);
    empties.push(empty);
  }
  say(
    `an empty Worker: ${Math.min(...empties).toFixed(0)} – ${Math.max(...empties).toFixed(0)} ms`,
  );
  return [
    {
      name: 'CPU of the global scope of the monolith',
      values,
      limit: LIMIT_MS,
      unit: 'ms',
      note: 'all threads of workerd until it answers, less those of a Worker without modules: reading, compiling and running them',
    },
  ];
}

async function startCpuMs(folder: string, what: 'product' | 'empty'): Promise<number> {
  const port = await freePort();
  const config = await writeConfig(folder, what, port);
  const url = `http://127.0.0.1:${port}`;
  const server = await start([workerdProgram(), 'serve', config], () => untilAnswers(url));
  try {
    if ((await (await fetch(url)).text()) !== 'up') throw new Error(`${what} does not answer`);
    return await cpuMs(server.pid);
  } finally {
    await server.stop();
  }
}

/** To the nanosecond: the ticks of `/proc/*\/stat` are too coarse for one start. */
async function cpuMs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const used = await Promise.all(
    threads.map(async (thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')),
  );
  const nanoseconds = used.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0);
  return nanoseconds / NANOSECONDS_A_MS;
}

/** The product is only imported: its first request would start the kernel, and that is not the global scope. */
async function writeConfig(
  folder: string,
  what: 'product' | 'empty',
  port: number,
): Promise<string> {
  const { compatibility_date: date, compatibility_flags: flags } = readConfig({
    config: join(PROJECT, 'wrangler.toml'),
  });
  const answer = `export default { fetch: () => new Response('up') };`;
  const modules =
    what === 'product'
      ? `(name = "main.js", esModule = ${JSON.stringify(`import './index.js';\n${answer}`)}),
        (name = "index.js", esModule = embed "bundle/index.js")`
      : `(name = "main.js", esModule = ${JSON.stringify(answer)})`;
  const text = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = (
    modules = [ ${modules} ],
    compatibilityDate = ${JSON.stringify(date)},
    compatibilityFlags = ${JSON.stringify(flags)} )) ],
  sockets = [ (name = "main", address = "127.0.0.1:${port}", http = (), service = "main") ],
);
`;
  await mkdir(folder, { recursive: true });
  const file = join(folder, `startup-${what}.capnp`);
  await writeFile(file, text);
  return file;
}
