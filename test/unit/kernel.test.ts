import { describe, expect, test } from 'vitest';

import { Kernel, orderByDependency } from '../../src/kernel/kernel.ts';
import type { Plugin } from '../../src/kernel/plugin.ts';

type Journal = string[];

function aPlugin(
  name: string,
  dependsOn: readonly string[] = [],
  more: Partial<Plugin<Journal>> = {},
): Plugin<Journal> {
  let journal: Journal = [];
  return {
    name,
    version: '1.0.0',
    dependsOn,
    init(context) {
      journal = context;
      journal.push(`init ${name}`);
    },
    start: () => void journal.push(`start ${name}`),
    stop: () => void journal.push(`stop ${name}`),
    health: async () => ({ status: 'up' }),
    ...more,
  };
}

function aKernel(...plugins: Plugin<Journal>[]): Kernel<Journal> {
  const kernel = new Kernel<Journal>();
  for (const plugin of plugins) kernel.register(plugin);
  return kernel;
}

describe('Kernel', () => {
  test('starts dependencies first and stops in reverse', async () => {
    const journal: Journal = [];
    const kernel = aKernel(aPlugin('web', ['store']), aPlugin('store'));
    await kernel.boot(journal);
    await kernel.stop();
    expect(journal).toEqual([
      'init store',
      'init web',
      'start store',
      'start web',
      'stop web',
      'stop store',
    ]);
  });

  test('a failed start stops those already started and names the plugin', async () => {
    const journal: Journal = [];
    const broken = aPlugin('web', ['store'], { start: () => Promise.reject(new Error('no port')) });
    await expect(aKernel(broken, aPlugin('store')).boot(journal)).rejects.toThrow(
      '"web" did not start',
    );
    expect(journal.at(-1)).toBe('stop store');
  });

  test('stops every plugin even when one fails to stop', async () => {
    const journal: Journal = [];
    const stubborn = aPlugin('b', [], { stop: () => Promise.reject(new Error('busy')) });
    const kernel = aKernel(aPlugin('a'), stubborn);
    await kernel.boot(journal);
    await expect(kernel.stop()).rejects.toThrow('did not stop cleanly');
    expect(journal.at(-1)).toBe('stop a');
  });

  test('refuses a second plugin of one name', () => {
    expect(() => aKernel(aPlugin('a'), aPlugin('a'))).toThrow('"a" is registered twice');
  });

  test('joins health: the worst state counts, one that throws or hangs is down', async () => {
    const kernel = aKernel(
      aPlugin('fine'),
      aPlugin('throws', [], { health: () => Promise.reject(new Error('broken')) }),
      aPlugin('hangs', [], { health: () => new Promise(() => undefined) }),
    );
    const health = await kernel.health();
    expect(health.status).toBe('down');
    expect(health.plugins['fine']?.status).toBe('up');
    expect(health.plugins['throws']).toMatchObject({
      status: 'down',
      details: { reason: 'broken' },
    });
    expect(health.plugins['hangs']?.status).toBe('down');
  });
});

describe('orderByDependency', () => {
  test('names a cycle', () => {
    const plugins = [aPlugin('a', ['b']), aPlugin('b', ['c']), aPlugin('c', ['a'])];
    expect(() => orderByDependency(plugins)).toThrow('a → b → c → a');
  });

  test('names a missing dependency', () => {
    expect(() => orderByDependency([aPlugin('a', ['z'])])).toThrow('"a" needs "z"');
  });
});
