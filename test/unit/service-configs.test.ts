import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import type { Unstable_RawConfig as WorkerConfig } from 'wrangler';

import { PROJECT } from '../../scripts/local-state.ts';
import { readWorkerConfig, serviceConfigFile } from '../../scripts/service-configs.ts';
import { SERVICE_NAMES } from '../../src/contracts/services.ts';

const monolith = readWorkerConfig(join(PROJECT, 'wrangler.toml'));
const services = SERVICE_NAMES.map((name) => ({
  name,
  config: readWorkerConfig(serviceConfigFile(name)),
}));
/** What a service says of itself. */
const OWN_VARS = ['APP_MODE', 'APP_SERVICE_NAME', 'APP_PLUGINS'];

/** Queues are the one kind of thing that the two shapes do not share: a queue has one consumer. */
function sharedName(queue = ''): string {
  return queue.replace(/^streamgate-services-/, 'streamgate-');
}

/** Every binding to a store, a queue or a class, as a line; the same store in both shapes is the same line. */
function bindingsOf(config: WorkerConfig): string[] {
  return [
    ...(config.d1_databases ?? []).map(
      ({ binding, database_name: name }) => `${binding} d1 ${name}`,
    ),
    ...(config.r2_buckets ?? []).map(({ binding, bucket_name: name }) => `${binding} r2 ${name}`),
    ...(config.kv_namespaces ?? []).map(({ binding }) => `${binding} kv`),
    ...(config.queues?.producers ?? []).map(
      ({ binding, queue }) => `${binding} queue ${sharedName(queue)}`,
    ),
    ...(config.durable_objects?.bindings ?? []).map(
      ({ name, class_name: className }) => `${name} class ${className}`,
    ),
    ...(config.ratelimits ?? []).map(
      ({ name, namespace_id: id, simple }) => `${name} limit ${id} ${JSON.stringify(simple)}`,
    ),
    ...(config.assets?.binding === undefined ? [] : [`${config.assets.binding} assets`]),
    ...(config.version_metadata === undefined
      ? []
      : [`${config.version_metadata.binding} version`]),
  ];
}

function consumersOf(config: WorkerConfig): object[] {
  return (config.queues?.consumers ?? []).map(({ queue, dead_letter_queue: dead, ...rest }) => ({
    ...rest,
    queue: sharedName(queue),
    ...(dead !== undefined && { dead_letter_queue: sharedName(dead) }),
  }));
}

function classesOf(config: WorkerConfig): string[] {
  return Object.keys((config as { exports?: object }).exports ?? {});
}

function byQueue(consumers: readonly object[]): object[] {
  return consumers.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

describe('the configurations of the services', () => {
  test.each(services)(
    '$name runs on the same platform with the same settings',
    ({ name, config }) => {
      expect(config.name).toBe(`streamgate-${name}`);
      expect(config.compatibility_date).toBe(monolith.compatibility_date);
      expect(config.compatibility_flags).toEqual(monolith.compatibility_flags);
      expect(config.observability).toEqual(monolith.observability);
      const common = (vars: object = {}): object =>
        Object.fromEntries(Object.entries(vars).filter(([key]) => !OWN_VARS.includes(key)));
      expect(common(config.vars)).toEqual(common(monolith.vars));
      expect(config.vars).toMatchObject({
        APP_MODE: 'microservices',
        APP_SERVICE_NAME: name,
        APP_PLUGINS: name,
      });
    },
  );

  test.each(services)('$name is bound to nothing that the monolith has not', ({ config }) => {
    expect(bindingsOf(monolith)).toEqual(expect.arrayContaining(bindingsOf(config)));
  });

  test('together they have every binding of the monolith', () => {
    const all = new Set(services.flatMap(({ config }) => bindingsOf(config)));
    expect([...all].toSorted()).toEqual(bindingsOf(monolith).toSorted());
  });

  test('each class, each queue and the cron belong to exactly one of them, as in the monolith', () => {
    const classes = services.flatMap(({ config }) => classesOf(config));
    expect(classes.toSorted()).toEqual(classesOf(monolith).toSorted());
    const consumers = services.flatMap(({ config }) => consumersOf(config));
    expect(byQueue(consumers)).toEqual(byQueue(consumersOf(monolith)));
    expect(services.flatMap(({ config }) => config.triggers?.crons ?? [])).toEqual(
      monolith.triggers?.crons,
    );
  });

  test('a class that lives elsewhere is bound by the Worker that has it', () => {
    const homes = new Map(
      services.flatMap(({ config }) => classesOf(config).map((each) => [each, config.name])),
    );
    for (const { config } of services) {
      for (const binding of config.durable_objects?.bindings ?? [])
        expect(binding.script_name ?? config.name).toBe(homes.get(binding.class_name));
    }
  });

  test('only the gateway has an address', () => {
    for (const { name, config } of services) {
      expect(config.workers_dev).toBe(name === 'gateway' ? undefined : false);
      expect(config.preview_urls).toBe(false);
      expect(config.routes ?? config.route).toBeUndefined();
    }
  });

  test('they reach each other at the entrypoint without an address, and the gateway reaches all', () => {
    for (const { config } of services) {
      for (const { binding, service, entrypoint } of config.services ?? []) {
        const callee = SERVICE_NAMES.find((name) => service === `streamgate-${name}`);
        expect(binding).toBe(`SERVICE_${callee?.toUpperCase()}`);
        expect(entrypoint).toBe('Service');
      }
    }
    const gateway = services.find(({ name }) => name === 'gateway')?.config;
    expect(gateway?.services).toHaveLength(SERVICE_NAMES.length - 1);
  });

  test.each(services)(
    '$name is bound to every service that its code calls',
    async ({ name, config }) => {
      const folder = join(PROJECT, 'workers', name);
      const files = (await readdir(folder)).filter((file) => file.endsWith('.ts'));
      const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
      const called = texts
        .flatMap((text) => [...text.matchAll(/services\s*\.(?:get|find)\('(\w+)'\)/g)])
        .map(([, callee]) => callee)
        .filter((callee) => callee !== name);
      const bound = (config.services ?? []).map(({ service }) =>
        service.replace('streamgate-', ''),
      );
      expect(bound).toEqual(expect.arrayContaining(called));
    },
  );
});
