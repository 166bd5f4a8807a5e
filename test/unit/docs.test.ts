import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { readConfig } from '../../scripts/deploy/read-workers.ts';
import { PROJECT } from '../../scripts/local-state.ts';

interface Page {
  readonly name: string;
  readonly text: string;
}

let pages: Page[] = [];
let scripts: Record<string, string> = {};

beforeAll(async () => {
  const docs = (await readdir(join(PROJECT, 'docs'))).filter((name) => name.endsWith('.md'));
  const names = ['README.md', ...docs.map((name) => join('docs', name))];
  pages = await Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(PROJECT, name), 'utf8') })),
  );
  const manifest = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  scripts = manifest.scripts;
});

/** What the pages say, one match a place; the page stands in front of it. */
function said(pattern: RegExp): { readonly where: string; readonly groups: readonly string[] }[] {
  return pages.flatMap(({ name, text }) =>
    [...text.matchAll(pattern)].map(([whole, ...groups]) => ({
      where: `${name}: ${whole}`,
      groups: groups.map((group) => group ?? ''),
    })),
  );
}

describe('the documents', () => {
  test('name npm scripts that exist', () => {
    const commands = said(/npm run ([a-z][\w:-]*)/g);
    expect(commands.length).toBeGreaterThan(20);
    expect(commands.filter(({ groups: [name = ''] }) => scripts[name] === undefined)).toEqual([]);
  });

  test('give them options that they take', async () => {
    const calls = said(/npm run ([a-z][\w:-]*) --(?= )([^`\n|]*)/g);
    expect(calls.length).toBeGreaterThan(5);
    for (const { where, groups } of calls) {
      const [name = '', rest = ''] = groups;
      const file = /scripts\/[\w-]+\.ts/.exec(scripts[name] ?? '')?.[0];
      if (file === undefined) continue;
      const source = await readFile(join(PROJECT, file), 'utf8');
      const options = [...rest.replace(/#.*/, '').matchAll(/(?:^| )--(?:no-)?([a-z][\w-]*)/g)];
      for (const [, option = ''] of options)
        expect(source, where).toMatch(new RegExp(`^\\s+'?${option}'?: \\{ type`, 'm'));
    }
  });

  test('point to files that are there', () => {
    const paths = said(
      /`((?:src|workers|scripts|test|containers|durable-objects|migrations|docs|web)\/[\w./-]+)`/g,
    );
    expect(paths.length).toBeGreaterThan(20);
    const built = ['web/dist'];
    const lost = paths.filter(
      ({ groups: [path = ''] }) => !built.includes(path) && !existsSync(join(PROJECT, path)),
    );
    expect(lost).toEqual([]);
  });

  test('link to pages and headings that are there', async () => {
    for (const { name, text } of pages) {
      for (const [whole, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
        if (/^https?:/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? name : join(dirname(name), path);
        expect(existsSync(join(PROJECT, file)), `${name}: ${whole}`).toBe(true);
        if (anchor === undefined) continue;
        const headings = (await readFile(join(PROJECT, file), 'utf8')).match(/^#+ .*$/gm) ?? [];
        expect(headings.map(toAnchor), `${name}: ${whole}`).toContain(anchor);
      }
    }
  });

  test('list every variable of the configuration', async () => {
    const source = await readFile(join(PROJECT, 'src/kernel/config.ts'), 'utf8');
    const keys = [...source.matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, key = '']) => key);
    const { vars = {} } = readConfig(join(PROJECT, 'wrangler.toml'));
    expect(keys.length).toBeGreaterThan(10);
    const page = pages.find(({ name }) => name === 'docs/configuration.md')?.text ?? '';
    for (const key of [...keys, ...Object.keys(vars)]) expect(page).toContain(`\`${key}\``);
  });

  test('answer what an operator and a developer of the original guide look for', () => {
    const all = pages.map(({ text }) => text).join('\n');
    for (const subject of [
      /npm run demo/,
      /## A plugin/,
      /## A service/,
      /## Events/,
      /## Logs/,
      /## Tests/,
      /## Errors, deadlines, shutdown/,
      /\| original key \|/,
      /# Deployment/,
      /GET \/health/,
      /GET \/metrics/,
      /# Troubleshooting/,
    ])
      expect(all).toMatch(subject);
  });
});

/** The anchor that a Markdown heading gets. */
function toAnchor(heading: string): string {
  return heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-');
}
