import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort } from '../../scripts/ports.ts';
import { loadWith } from './load.ts';
import type { Target } from './load.ts';
import { layOutVideo } from './playback-fixture.ts';
import type { PlaybackFixture } from './playback-fixture.ts';
import { treeCpuSeconds } from './process-usage.ts';
import { pinned, start, untilAnswers } from './programs.ts';
import type { Started } from './programs.ts';
import { bundleBareHono, bundleWorker, workerdProgram, writeWorkerdConfig } from './raw-workerd.ts';
import { nginxConfig } from './store-nginx.ts';

const SECRET = 'benchmark-secure-link';
const DATABASE = fileURLToPath(new URL('d1-store.ts', import.meta.url));
const SERVER_CORE = 0;
/** With the load generator: what the database costs is not the question. */
const DATABASE_CORE = 1;
const MICROSECONDS = 1e6;

/** The product on raw workerd with nginx as its store, and its peers; all on one core, the database on the other. */
export interface Servers {
  readonly product: string;
  /** A Worker that only hands on the segment. */
  readonly bare: string;
  /** A Worker of Hono with the same stores. */
  readonly hono: string;
  readonly database: string;
  readonly peer: string;
  readonly secret: string;
  readonly folder: string;
  readonly video: PlaybackFixture;
  readonly workerd: Started;
  readonly nginx: Started;
}

export async function withServers<T>(
  folder: string,
  work: (servers: Servers) => Promise<T>,
): Promise<T> {
  const [product = 0, bare = 0, hono = 0, store = 0, database = 0, signed = 0, files = 0] =
    await Promise.all(Array.from({ length: 7 }, freePort));
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  const video = await layOutVideo(folder);
  await mkdir(join(folder, 'tmp'), { recursive: true });
  const nginxFile = join(folder, 'nginx.conf');
  await writeFile(nginxFile, nginxConfig(folder, { store, signed, files }, SECRET));
  await bundleWorker(join(folder, 'bundle'));
  await bundleBareHono(folder);
  const ports = { product, bare, hono, store, database };
  const workerdFile = await writeWorkerdConfig(folder, ports, video.place);
  await using programs = new AsyncDisposableStack();
  const startPinned = async (core: number, command: readonly string[], port: number) => {
    const started = await start(await pinned(core, command), () => untilAnswers(url(port)));
    programs.defer(() => started.stop());
    return started;
  };
  const nginx = await startPinned(SERVER_CORE, ['nginx', '-p', folder, '-c', nginxFile], signed);
  await startPinned(DATABASE_CORE, [process.execPath, DATABASE, String(database)], database);
  const workerd = await startPinned(SERVER_CORE, [workerdProgram(), 'serve', workerdFile], product);
  return await work({
    product: url(product),
    bare: url(bare),
    hono: url(hono),
    peer: url(signed),
    database: url(database),
    secret: SECRET,
    folder,
    video,
    workerd,
    nginx,
  });
}

/** What one address costs under load. */
export interface Sample {
  readonly requestsPerSecond: number;
  /** CPU of workerd and nginx per request: a peer does not touch workerd, the product uses nginx as its store. */
  readonly cpuMicros: number;
  readonly nginxMicros: number;
}

/** Throws unless the address answers with exactly these bytes, before, under and after the load. */
export async function sampleServer(
  { workerd, nginx }: Servers,
  target: Target,
  expected: Uint8Array,
  seconds: number,
): Promise<Sample> {
  await requireBytes(target, expected);
  const before = [await treeCpuSeconds(workerd.pid), await treeCpuSeconds(nginx.pid)] as const;
  const load = await loadWith(target, seconds, expected.byteLength);
  const after = [await treeCpuSeconds(workerd.pid), await treeCpuSeconds(nginx.pid)] as const;
  await requireBytes(target, expected);
  const micros = (side: 0 | 1): number =>
    ((after[side] - before[side]) * MICROSECONDS) / load.requests;
  return {
    requestsPerSecond: load.requestsPerSecond,
    cpuMicros: micros(0) + micros(1),
    nginxMicros: micros(1),
  };
}

/** Both sides must refuse a request without a right signature, or the comparison is worth nothing. */
export async function requireGuarded(
  { product, peer }: Servers,
  path: string,
  signed: string,
): Promise<void> {
  const [, token = ''] = path.split('/');
  const forged = path.replace(token, `${token.slice(0, -8)}AAAAAAAA`);
  const statuses = await Promise.all(
    [`${product}${forged}`, `${peer}${signed}`].map(async (url) => {
      const response = await fetch(url);
      await response.body?.cancel();
      return response.status;
    }),
  );
  if (statuses[0] !== 401 || statuses[1] !== 403)
    throw new Error(`a request without a signature was answered with ${statuses.join(' and ')}`);
}

async function requireBytes({ url, headers = {} }: Target, expected: Uint8Array): Promise<void> {
  const response = await fetch(url, { headers });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const hash = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
  if (response.status !== 200 || hash(bytes) !== hash(expected))
    throw new Error(`${url} answers ${response.status} with ${bytes.byteLength} other bytes`);
}
