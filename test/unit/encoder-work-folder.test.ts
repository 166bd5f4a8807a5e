import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { makeWorkFolder } from '../../containers/transcoder/work-folder.ts';

const MODULE = join(import.meta.dirname, '../../containers/transcoder/work-folder.ts');
const OWNER = `import { makeWorkFolder } from ${JSON.stringify(MODULE)};
console.log(await makeWorkFolder(process.argv[1]));
setInterval(() => undefined, 1000);`;

let parent: string;
const owners: ChildProcess[] = [];

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'streamgate-test-'));
});

afterEach(async () => {
  for (const owner of owners.splice(0)) owner.kill('SIGKILL');
  await rm(parent, { recursive: true, force: true });
});

/** Another encoder with a source in its folder. */
async function anOwner(): Promise<{ readonly folder: string; readonly process: ChildProcess }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', OWNER, parent], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  owners.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const folder = line.toString().trim();
  await mkdir(join(folder, 'source-1'));
  await writeFile(join(folder, 'source-1', 'source'), 'bytes');
  return { folder, process: child };
}

describe('makeWorkFolder', () => {
  test('removes what a killed encoder left, and leaves a living one alone', async () => {
    const [killed, living] = [await anOwner(), await anOwner()];
    killed.process.kill('SIGKILL');
    await once(killed.process, 'exit');
    const folder = await makeWorkFolder(parent);
    expect(existsSync(killed.folder)).toBe(false);
    expect(existsSync(join(living.folder, 'source-1', 'source'))).toBe(true);
    expect(existsSync(folder)).toBe(true);
  });

  test('removes a folder that never got its lock only when it is not just being made', async () => {
    const [fresh, old] = [join(parent, 'streamgate-work-a'), join(parent, 'streamgate-work-b')];
    for (const each of [fresh, old]) await mkdir(each);
    const before = new Date(Date.now() - 3_600_000);
    await utimes(old, before, before);
    await makeWorkFolder(parent);
    expect([existsSync(fresh), existsSync(old)]).toEqual([true, false]);
  });

  test('touches nothing else', async () => {
    const other = join(parent, 'streamgate-e2e-x');
    await mkdir(other);
    await utimes(other, 0, 0);
    await makeWorkFolder(parent);
    expect(existsSync(other)).toBe(true);
  });
});
