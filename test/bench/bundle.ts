import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { PROJECT } from '../../scripts/local-state.ts';
import { SERVICE_NAMES } from '../../src/contracts/services.ts';
import type { Benchmark, BenchOptions, Figure } from './figure.ts';
import { bundleWorker } from './raw-workerd.ts';

const BYTES_A_KB = 1000;
const MONOLITH_KB = 400;
const SERVICE_KB = 250;

export const bundleBenchmark: Benchmark = {
  name: 'bundle',
  title: 'bytes of the bundles that a deploy would upload, gzipped',
  programs: [],
  run: async (options) => {
    const monolith: Figure = {
      name: 'gzip bundle of the monolith',
      values: [await bundledKb('wrangler.toml', options)],
      limit: MONOLITH_KB,
      unit: 'KB',
    };
    return [monolith, ...(await largestService(options))];
  },
};

/** Nothing where no service is a Worker of its own. */
async function largestService(options: BenchOptions): Promise<Figure[]> {
  const sizes: { readonly name: string; readonly kb: number }[] = [];
  for (const name of SERVICE_NAMES) {
    const config = join('workers', name, 'wrangler.toml');
    if (!(await exists(join(PROJECT, config)))) continue;
    sizes.push({ name, kb: await bundledKb(config, options) });
  }
  if (sizes.length === 0) return [];
  const sorted = sizes.toSorted((a, b) => b.kb - a.kb);
  return [
    {
      name: 'gzip bundle of the largest service',
      values: [sorted[0]?.kb ?? NaN],
      limit: SERVICE_KB,
      unit: 'KB',
      note: sorted.map(({ name, kb }) => `${name} ${kb.toFixed(0)}`).join(', '),
    },
  ];
}

async function bundledKb(config: string, { folder, say }: BenchOptions): Promise<number> {
  const outdir = join(folder, config.replaceAll('/', '-'));
  await bundleWorker(outdir, config);
  const modules = (await readdir(outdir)).filter((name) => !/\.(map|md)$/.test(name));
  const files = await Promise.all(modules.map((name) => readFile(join(outdir, name))));
  const kb = gzipSync(Buffer.concat(files)).byteLength / BYTES_A_KB;
  say(`${config}: ${kb.toFixed(0)} KB`);
  return kb;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
