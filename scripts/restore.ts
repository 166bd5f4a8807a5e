import { existsSync } from 'node:fs';
import { chmod, copyFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { manifestFile } from './backup/manifest.ts';
import { restoreObjects } from './backup/objects.ts';
import { openPlace } from './backup/place.ts';
import type { Place } from './backup/place.ts';
import { readCommandLine, refuse } from './command-line.ts';

const HELP = `Usage: npm run restore -- DIR [options]

Puts a backup into a platform that holds no videos. Run again it goes on where it was stopped.

  DIR               folder of the backup
  --persist-to DIR  state folder of the local platform, which must be stopped (default .streamgate)
  --env NAME        a deployed stage instead: deploy it first, restore, deploy again
  --force           replace the database of a platform that holds videos
  --help            this text`;

const { values, positionals } = readCommandLine({
  allowPositionals: true,
  options: {
    'persist-to': { type: 'string', default: '.streamgate' },
    env: { type: 'string' },
    force: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const [source] = positionals;
if (source === undefined) refuse('Name the folder of the backup.');
const folder = resolve(source);
const database = join(folder, 'database.sql');
if (!existsSync(database) || !existsSync(manifestFile(folder)))
  refuse(`${folder} holds no finished backup.`);

try {
  const place = await openPlace({
    folder: resolve(values['persist-to']),
    ...(values.env !== undefined && { stage: values.env }),
  });
  try {
    await restoreInto(place);
  } finally {
    await place.close();
  }
} catch (error) {
  console.error(`Not restored: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

async function restoreInto(place: Place): Promise<void> {
  const tables = await listTables(place);
  if (!values.force && tables.includes('videos')) {
    const [row] = await place.query('SELECT count(*) AS videos FROM videos');
    if (Number(row?.['videos']) > 0)
      throw new Error(
        `${place.name} holds ${Number(row?.['videos'])} videos; --force replaces its database`,
      );
  }
  // Objects first: while the database is empty a restore that was stopped can be run again.
  const { copied, objects } = await restoreObjects(place.objects, folder);
  console.log(`Objects     ${objects}, of them ${copied} copied now`);
  await dropTables(place, tables);
  await place.runSql(database);
  const [row] = await place.query('SELECT count(*) AS videos FROM videos');
  console.log(`Database    ${Number(row?.['videos'])} videos`);
  const secrets = join(folder, 'secrets.env');
  if (existsSync(secrets)) {
    await copyFile(secrets, place.secretsFile);
    await chmod(place.secretsFile, 0o600);
    console.log(`Secrets     ${place.secretsFile}`);
  }
}

async function listTables(place: Place): Promise<string[]> {
  const rows = await place.query(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name NOT LIKE '~_cf~_%' ESCAPE '~'",
  );
  return rows.map(({ name }) => String(name));
}

async function dropTables(place: Place, tables: readonly string[]): Promise<void> {
  if (tables.length === 0) return;
  const file = join(folder, 'drop-tables.sql');
  const drops = tables.map((name) => `DROP TABLE "${name.replaceAll('"', '""')}";\n`);
  await writeFile(file, `PRAGMA defer_foreign_keys = on;\n${drops.join('')}`);
  try {
    await place.runSql(file);
  } finally {
    await rm(file, { force: true });
  }
}
