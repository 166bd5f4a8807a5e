import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readConfig, readWorkers } from '../../scripts/deploy/read-workers.ts';
import { PROJECT } from '../../scripts/local-state.ts';

const dockerfile = readFile(join(PROJECT, 'containers/transcoder/Dockerfile'), 'utf8');

test('the base is pinned by digest and Node is the one of package-lock.json', async () => {
  const text = await dockerfile;
  expect(text).toMatch(/^ARG BASE=debian:[\w.-]+@sha256:[0-9a-f]{64}$/m);
  const lock = JSON.parse(await readFile(join(PROJECT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>;
  };
  expect(/^ARG NODE_VERSION=(.+)$/m.exec(text)?.[1]).toBe(
    lock.packages['node_modules/node']?.version,
  );
});

test('the encoder runs as nobody in particular, and what is copied is there and not ignored', async () => {
  const text = await dockerfile;
  expect(text).toMatch(/^USER encoder$/m);
  const ignore = await readFile(join(PROJECT, '.dockerignore'), 'utf8');
  for (const [, sources = ''] of text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const source of sources.split(' ')) {
      expect(existsSync(join(PROJECT, source)), source).toBe(true);
      expect(ignore).toContain(`!${source}\n`);
    }
  }
});

test('container.toml names a Durable Object of the monolith and of exactly one service', () => {
  const { containers } = readConfig(join(PROJECT, 'containers/transcoder/container.toml'));
  const [application, ...others] = containers ?? [];
  expect(others).toEqual([]);
  expect(application).toMatchObject({ instance_type: 'standard-4', max_instances: 4 });
  for (const shape of ['monolith', 'services'] as const) {
    const workers = readWorkers(PROJECT, shape);
    const owners = workers.filter(({ config }) => config.exports?.[application?.class_name ?? '']);
    if (workers.length > 0) expect(owners).toHaveLength(1);
  }
});
