import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../../scripts/ports.ts';
import { loadWith } from './load.ts';
import { layOutVideo } from './playback-fixture.ts';
import type { PlaybackFixture } from './playback-fixture.ts';
import { treeCpuSeconds } from './process-usage.ts';
import { pinned, start, untilAnswers } from './programs.ts';
import type { Started } from './programs.ts';
import { bundleWorker, workerdProgram, writeWorkerdConfig } from './raw-workerd.ts';
import { nginxConfig } from './store-nginx.ts';

const SECRET = 'benchmark-secure-link';
const SERVER_CORE = 0;
const MICROSECONDS = 1e6;

/** The product on raw workerd with nginx as its store, and nginx as its peer; all on one core. */
export interface Servers {
  readonly product: string;
  readonly bare: string;
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
  const [product, bare, store, signed, files] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  const video = await layOutVideo(folder);
  await mkdir(join(folder, 'tmp'), { recursive: true });
  const nginxFile = join(folder, 'nginx.conf');
  await writeFile(nginxFile, nginxConfig(folder, { store, signed, files }, SECRET));
  await bundleWorker(folder);
  const workerdFile = await writeWorkerdConfig(folder, { product, bare, store }, video.place);
  const nginx = await startPinned(['nginx', '-p', folder, '-c', nginxFile], url(signed));
  try {
    const workerd = await startPinned([workerdProgram(), 'serve', workerdFile], url(product));
    try {
      const urls = { product: url(product), bare: url(bare), peer: url(signed) };
      return await work({ ...urls, secret: SECRET, folder, video, workerd, nginx });
    } finally {
      await workerd.stop();
    }
  } finally {
    await nginx.stop();
  }
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
  url: string,
  expected: Uint8Array,
  seconds: number,
): Promise<Sample> {
  await requireBytes(url, expected);
  const before = [await treeCpuSeconds(workerd.pid), await treeCpuSeconds(nginx.pid)] as const;
  const load = await loadWith(url, seconds, expected.byteLength);
  const after = [await treeCpuSeconds(workerd.pid), await treeCpuSeconds(nginx.pid)] as const;
  await requireBytes(url, expected);
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

async function startPinned(command: readonly string[], url: string): Promise<Started> {
  return start(await pinned(SERVER_CORE, command), () => untilAnswers(url));
}

async function requireBytes(url: string, expected: Uint8Array): Promise<void> {
  const response = await fetch(url);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const hash = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
  if (response.status !== 200 || hash(bytes) !== hash(expected))
    throw new Error(`${url} answers ${response.status} with ${bytes.byteLength} other bytes`);
}
