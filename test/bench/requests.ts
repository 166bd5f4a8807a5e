import { createHash, randomBytes } from 'node:crypto';

import type { Benchmark, BenchOptions, Figure } from './figure.ts';
import { describe, interleave, ratios } from './interleave.ts';
import { withServers } from './servers.ts';
import type { Sample, Servers } from './servers.ts';

const LEAST_OF_API = 0.6;
const LEAST_OF_SEGMENT = 0.7;
const ACCOUNT = 'default';
const UID = 'be'.repeat(16);

export const requestsBenchmark: Benchmark = {
  name: 'requests',
  title: 'requests per second on raw workerd against a bare Worker of Hono with the same reads',
  programs: ['nginx'],
  run: async (options) =>
    withServers(options.folder, async (servers) => [
      ...(await compareVideo(servers, options)),
      ...(await compareSegment(servers, options)),
    ]),
};

/** The product checks an access token; both read one row. */
async function compareVideo(servers: Servers, options: BenchOptions): Promise<Figure[]> {
  const apiToken = await seedDatabase(servers.database);
  const accessToken = await exchange(servers.product, apiToken);
  const headers = { authorization: `Bearer ${accessToken}` };
  const url = `${servers.product}/client/v4/accounts/${ACCOUNT}/stream/${UID}`;
  const bare = `${servers.hono}/accounts/${ACCOUNT}/videos/${UID}`;
  const samples = await interleave(servers, options, {
    product: { url, headers, expected: await bytesOf(url, headers) },
    hono: { url: bare, expected: await bytesOf(bare) },
  });
  return [
    {
      name: 'requests/s of a video GET ÷ a bare Hono Worker with the same D1 read',
      values: ratios(samples, ['product', 'hono'], rateOf),
      atLeast: LEAST_OF_API,
      note: describe(samples),
    },
  ];
}

async function compareSegment(servers: Servers, options: BenchOptions): Promise<Figure[]> {
  const { segment, segmentPath } = servers.video;
  const samples = await interleave(servers, options, {
    product: { url: `${servers.product}${segmentPath}`, expected: segment },
    hono: { url: `${servers.hono}/segment`, expected: segment },
  });
  return [
    {
      name: 'requests/s of a signed 1 MiB segment ÷ a bare Hono Worker with the same R2 read',
      values: ratios(samples, ['product', 'hono'], rateOf),
      atLeast: LEAST_OF_SEGMENT,
      note: describe(samples),
    },
  ];
}

/** An API token, whose text is the answer, and a video that is ready. */
async function seedDatabase(database: string): Promise<string> {
  const token = `sg_${randomBytes(32).toString('base64url')}`;
  const hash = createHash('sha256').update(token).digest('hex');
  const now = Date.now();
  const run = async (sql: string, params: readonly (string | number)[]): Promise<void> => {
    const response = await fetch(`${database}/query`, {
      method: 'POST',
      body: JSON.stringify({ sql, params }),
    });
    const [result] = (await response.json()) as { success?: boolean }[];
    if (result?.success !== true) throw new Error(`the database refused ${sql}`);
  };
  await run(
    'INSERT OR REPLACE INTO api_tokens (id, account_id, name, hash, scopes, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    ['tok_benchmark', ACCOUNT, 'benchmark', hash, '["videos:read"]', now],
  );
  await run(
    `INSERT OR REPLACE INTO videos (uid, account_id, state, revision, published_revision, name, meta, size_bytes,
       duration_seconds, width, height, created_at, modified_at, uploaded_at, ready_at)
     VALUES (?, ?, 'ready', 'r', 'r', 'benchmark', '{"name":"benchmark"}', 1000000, 60, 1920, 1080, ?, ?, ?, ?)`,
    [UID, ACCOUNT, now, now, now, now],
  );
  return token;
}

async function exchange(product: string, apiToken: string): Promise<string> {
  const response = await fetch(`${product}/api/v1/auth/token`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
    body: '{}',
  });
  const text = await response.text();
  const { accessToken } = JSON.parse(text) as { accessToken?: string };
  if (accessToken === undefined) throw new Error(`no access token: ${response.status} ${text}`);
  return accessToken;
}

async function bytesOf(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const response = await fetch(url, { headers });
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.ok) return bytes;
  throw new Error(`${url} answers ${response.status}: ${Buffer.from(bytes).toString()}`);
}

function rateOf({ requestsPerSecond }: Sample): number {
  return requestsPerSecond;
}
