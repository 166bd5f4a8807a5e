import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { confirmTokenShown, prepareLocalState } from '../../scripts/local-state.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamgate-state-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('a start that failed before its token was shown leaves the next one a token to show', async () => {
  const failed = await prepareLocalState(folder);
  const next = await prepareLocalState(folder);
  expect(next).toMatchObject({ isFirstRun: true, adminToken: expect.stringMatching(/^sg_.{43}$/) });
  expect(next.adminToken).not.toBe(failed.adminToken);
  await confirmTokenShown(folder);
  const later = await prepareLocalState(folder);
  expect(later.isFirstRun).toBe(false);
  expect(later.adminToken).toBeUndefined();
});
