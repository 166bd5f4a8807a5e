import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TestProject } from 'vitest/node';

import { freePort } from '../../scripts/ports.ts';
import { RunningPlatform } from './running-platform.ts';

declare module 'vitest' {
  interface ProvidedContext {
    platformUrl: string;
    platformFolder: string;
  }
}

/** One platform for every test that does not kill it. */
export default async function startSharedPlatform(
  project: TestProject,
): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'streamgate-e2e-'));
  const platform = new RunningPlatform(folder, await freePort());
  await platform.start();
  project.provide('platformUrl', platform.url);
  project.provide('platformFolder', folder);
  return async () => {
    await platform.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
