import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, test } from 'vitest';

import { startEncoder } from '../unit/encoder-harness.ts';
import type { Encoder } from '../unit/encoder-harness.ts';
import { checkClip } from './check-clip.ts';
import type { Recipe } from './recipe.ts';

/** Declares one test a clip, all on one encoder. */
export function runCorpus(recipes: readonly Recipe[]): void {
  let root: string;
  let encoder: Encoder;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'corpus-'));
    encoder = await startEncoder(root);
  });
  afterAll(async () => {
    await encoder.close();
    await rm(root, { recursive: true, force: true });
  });

  test.each(recipes.map((recipe) => [recipe.name, recipe] as const))('%s', async (_, recipe) => {
    await checkClip(encoder, root, recipe);
  });
}
