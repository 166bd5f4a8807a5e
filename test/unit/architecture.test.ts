import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

interface Import {
  readonly from: string;
  readonly to: string;
}

async function importsBelow(...folders: readonly string[]): Promise<Import[]> {
  const imports: Import[] = [];
  for (const folder of folders) {
    const names = await readdir(join(ROOT, folder), { recursive: true });
    for (const name of names.filter((each) => each.endsWith('.ts') && !each.endsWith('.d.ts'))) {
      const from = join(folder, name);
      const text = await readFile(join(ROOT, from), 'utf8');
      for (const [, target = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
        imports.push({ from, to: relative(ROOT, join(ROOT, dirname(from), target)) });
      }
    }
  }
  return imports;
}

function breaches(
  imports: readonly Import[],
  allowed: (from: string) => readonly RegExp[],
): string[] {
  return imports
    .filter(({ from, to }) => !allowed(from).some((pattern) => pattern.test(to)))
    .map(({ from, to }) => `${from} → ${to}`);
}

test('media and contracts import nothing of ours but themselves and contracts', async () => {
  const imports = await importsBelow('src/media', 'src/contracts');
  expect(imports.length).toBeGreaterThan(10);
  expect(
    breaches(imports, (from) => [/^src\/contracts\//, new RegExp(`^${dirname(from)}/`)]),
  ).toEqual([]);
});

test('kernel, http and db know contracts and media and each other, and no service', async () => {
  const imports = await importsBelow('src/kernel', 'src/http', 'src/db');
  expect(breaches(imports, () => [/^src\/(contracts|media|kernel|http|db)\//])).toEqual([]);
});

test('a service knows its own folder, its own tables and the shared rooms, never another service', async () => {
  const imports = await importsBelow('workers');
  expect(imports.length).toBeGreaterThan(100);
  const tables: Readonly<Record<string, string>> = {
    monitor: '(operations|outbox)',
    worker: '(worker|outbox)',
  };
  const found = breaches(imports, (from) => {
    const service = from.split('/')[1] ?? '';
    return [
      /^src\/(contracts|media|kernel|http)\//,
      new RegExp(`^src/db/${tables[service] ?? service}\\.ts$`),
      new RegExp(`^workers/${service}/`),
    ];
  });
  expect(found.filter((line) => !/→ durable-objects\//.test(line))).toEqual([]);
});

test('a Durable Object is known to its owning service only, by its type', async () => {
  const owners: Readonly<Record<string, string>> = {
    'durable-objects/transcode-job.ts': 'transcoder',
    'durable-objects/transcoder-container.ts': 'transcoder',
    'durable-objects/upload-session.ts': 'upload',
    'durable-objects/rate-limiter.ts': 'gateway',
    'durable-objects/sweeper.ts': 'worker',
    'durable-objects/metric-shard.ts': 'monitor',
    'durable-objects/webhook-sender.ts': 'worker',
  };
  const imports = (await importsBelow('workers')).filter(({ to }) =>
    to.startsWith('durable-objects/'),
  );
  expect(
    breaches(imports, (from) =>
      Object.keys(owners)
        .filter((file) => owners[file] === from.split('/')[1])
        .map((file) => new RegExp(`^${file}$`)),
    ),
  ).toEqual([]);
});

test('Durable Objects join contracts, the shared rooms and their own service', async () => {
  const owner: Readonly<Record<string, string>> = {
    'transcode-job.ts': 'transcoder',
    'transcoder-container.ts': 'transcoder',
    'upload-session.ts': 'upload',
    'rate-limiter.ts': 'gateway',
    'sweeper.ts': 'worker',
    'metric-shard.ts': 'monitor',
    'webhook-sender.ts': 'worker',
  };
  const found = breaches(await importsBelow('durable-objects'), (from) => [
    /^src\/(contracts|media|kernel|http)\//,
    /^durable-objects\//,
    new RegExp(`^workers/${owner[from.split('/')[1] ?? '']}/`),
  ]);
  expect(found).toEqual([]);
});

test('the encoder knows the kernel, contracts and media, and nothing of the Worker', async () => {
  const found = breaches(await importsBelow('containers'), () => [
    /^src\/(contracts|media)\//,
    /^src\/kernel\/(kernel|plugin|logger|trace-context|trace-scope)\.ts$/,
    /^containers\//,
  ]);
  expect(found).toEqual([]);
});

test('no migration can lose data', async () => {
  const names = (await readdir(join(ROOT, 'migrations'))).filter((name) => name.endsWith('.sql'));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    expect(await readFile(join(ROOT, 'migrations', name), 'utf8')).not.toMatch(
      /DROP\s+(TABLE|COLUMN)|PRAGMA\s+foreign_keys/i,
    );
  }
});

test('nobody starts an interactive transaction, which D1 refuses', async () => {
  const names = await readdir(join(ROOT, 'workers'), { recursive: true });
  for (const name of names.filter((each) => each.endsWith('.ts'))) {
    expect(await readFile(join(ROOT, 'workers', name), 'utf8')).not.toMatch(/\.transaction\(/);
  }
});

test('no request schema says exactOptional: the API description would call the field required', async () => {
  const names = await readdir(join(ROOT, 'workers'), { recursive: true });
  const files = names.filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(
    files.map(async (name) => ({
      name,
      text: await readFile(join(ROOT, 'workers', name), 'utf8'),
    })),
  );
  expect(
    texts.filter(({ text }) => text.includes('exactOptional')).map(({ name }) => name),
  ).toEqual([]);
});
