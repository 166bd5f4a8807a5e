import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { saveObjects } from './backup/objects.ts';
import { hasState, openPlace } from './backup/place.ts';
import { readCommandLine, refuse } from './command-line.ts';

const HELP = `Usage: npm run backup -- DIR [options]

Saves database and objects of a platform to a folder. Run again with the same folder it copies what is new only, and
goes on where it was stopped.

  DIR               folder of the backup
  --persist-to DIR  state folder of the local platform, which must be stopped (default .streamgate)
  --env NAME        a deployed stage instead, such as "production"; it keeps running
  --no-secrets      leave secrets.env out
  --help            this text`;

const { values, positionals } = readCommandLine({
  allowPositionals: true,
  allowNegative: true,
  options: {
    'persist-to': { type: 'string', default: '.streamgate' },
    env: { type: 'string' },
    secrets: { type: 'boolean', default: true },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const [target] = positionals;
if (target === undefined) refuse('Name the folder of the backup.');
const folder = resolve(target);
const state = resolve(values['persist-to']);
if (values.env === undefined && !hasState(state)) refuse(`There is no platform in ${state}.`);

try {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const place = await openPlace({
    folder: state,
    ...(values.env !== undefined && { stage: values.env }),
  });
  try {
    // The database first: rows name objects, so every object that a saved row names is there to be saved.
    const database = join(folder, 'database.sql');
    await place.exportDatabase(`${database}.new`);
    await rename(`${database}.new`, database);
    console.log(`Database    ${database}`);
    const { copied, objects } = await saveObjects(place.objects, folder);
    console.log(`Objects     ${objects}, of them ${copied} copied now`);
    if (values.secrets && existsSync(place.secretsFile)) {
      const copy = join(folder, 'secrets.env');
      await copyFile(place.secretsFile, copy);
      await chmod(copy, 0o600);
      console.log('Secrets     in secrets.env: keep the backup as you keep them');
    } else console.log('Secrets     not in the backup: signing keys need KEY_ENCRYPTION_SECRET');
  } finally {
    await place.close();
  }
} catch (error) {
  console.error(`No backup: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
