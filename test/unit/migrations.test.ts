import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

const MIGRATIONS = join(import.meta.dirname, '..', '..', 'migrations');

/** Why old code could fail on the schema after this statement, or undefined when it could not. */
function objection(statement: string, ownTables: ReadonlySet<string>): string | undefined {
  const text = statement.replaceAll(/--.*$/gm, '').replaceAll(/\s+/g, ' ').replace(/;$/, '').trim();
  if (text === '' || /^CREATE TABLE (IF NOT EXISTS )?\S+ \(/i.test(text)) return undefined;
  if (/^CREATE INDEX /i.test(text)) return undefined;
  const unique = /^CREATE UNIQUE INDEX \S+ ON `?(\w+)`?/i.exec(text);
  // Rows that old code may write could break it.
  if (unique) return ownTables.has(unique[1] ?? '') ? undefined : 'a unique index on an old table';
  const column = /^ALTER TABLE \S+ ADD (?:COLUMN )?`?\w+`? (.*)$/i.exec(text)?.[1];
  if (column === undefined) return 'neither CREATE nor ADD';
  if (/\bNOT NULL\b/i.test(column) && !/\bDEFAULT\b/i.test(column))
    return 'a column that old code does not fill';
  return undefined;
}

function objections(sql: string): string[] {
  const tables = [...sql.matchAll(/CREATE TABLE (?:IF NOT EXISTS )?`?(\w+)`?/gi)];
  const ownTables = new Set(tables.map(([, name]) => name ?? ''));
  return sql.split('--> statement-breakpoint').flatMap((statement) => {
    const why = objection(statement, ownTables);
    return why === undefined ? [] : [`${why}: ${statement.trim()}`];
  });
}

test('code of the release before runs on the schema after every migration', async () => {
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql'));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names)
    expect(objections(await readFile(join(MIGRATIONS, name), 'utf8')), name).toEqual([]);
});

test.each([
  ['DROP TABLE `videos`;', 'neither'],
  ['ALTER TABLE `videos` RENAME COLUMN `a` TO `b`;', 'neither'],
  ['ALTER TABLE `videos` DROP COLUMN `a`;', 'neither'],
  ['ALTER TABLE `videos` ADD `a` text NOT NULL;', 'does not fill'],
  ['CREATE UNIQUE INDEX `one` ON `videos` (`a`);', 'unique index'],
  ['PRAGMA foreign_keys=OFF;', 'neither'],
  ['UPDATE `videos` SET `a` = 1;', 'neither'],
])('%s would be found', (sql, why) => {
  expect(objections(sql)).toEqual([expect.stringContaining(why)]);
});

test.each([
  'ALTER TABLE `videos` ADD `a` text;',
  "ALTER TABLE `videos` ADD `a` text DEFAULT '' NOT NULL;",
  'CREATE TABLE `new` (`id` text);--> statement-breakpoint\nCREATE UNIQUE INDEX `one` ON `new` (`id`);',
])('%s adds only', (sql) => {
  expect(objections(sql)).toEqual([]);
});
