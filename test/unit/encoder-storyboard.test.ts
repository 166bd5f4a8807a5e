import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { SourceFacts } from '../../src/contracts/media.ts';
import { planStoryboard } from '../../src/media/storyboard.ts';
import type { StoryboardTask } from '../../src/media/storyboard.ts';
import { averageColour } from './average-colour.ts';
import { ffmpeg, probe, runOn, startEncoder } from './encoder-harness.ts';
import type { Encoder } from './encoder-harness.ts';

const COLOURS = ['red', 'lime', 'blue', 'white', 'red', 'blue'] as const;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoder-storyboard-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A colour a second at 25 a second, a key picture every `gop` frames. */
async function coloured(gop: number): Promise<Buffer> {
  const inputs = COLOURS.flatMap((colour) => [
    ['-f', 'lavfi', '-i', `color=${colour}:s=320x180:r=25:d=1`],
  ]).flat();
  const joined = `${COLOURS.map((_, index) => `[${index}]`).join('')}concat=n=${COLOURS.length}`;
  const graph = ['-filter_complex', `${joined},format=yuv420p[v]`, '-map', '[v]'];
  const codec = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-g',
    String(gop),
    '-sc_threshold',
    '0',
  ];
  const name = `gop-${gop}.mp4`;
  await ffmpeg(folder, ...inputs, ...graph, ...codec, name);
  return readFile(join(folder, name));
}

describe.each(['native', 'wasm'] as const)('a storyboard by the %s engine', (choice) => {
  let root: string;
  let encoder: Encoder;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'encoder-root-'));
    encoder = await startEncoder(root, choice);
  });
  afterAll(async () => {
    await encoder.close();
    await rm(root, { recursive: true, force: true });
  });

  async function planOf(source: Buffer): Promise<{ facts: SourceFacts; task: StoryboardTask }> {
    const facts = await probe(encoder, source);
    if (facts.video === undefined) throw new Error('no video');
    return { facts, task: planStoryboard(facts.video) };
  }

  async function tilesOf(source: Buffer, task: StoryboardTask): Promise<string[]> {
    const { last, parts } = await runOn(encoder, source, { kind: 'storyboard', ...task });
    expect(last).toMatchObject({ type: 'result', result: { kind: 'storyboard', parts: [{}] } });
    const file = join(folder, `${choice}.jpg`);
    await writeFile(file, parts.get(0) ?? '');
    const { tileWidth, tileHeight, columns, tiles } = task.layout;
    const colours: string[] = [];
    for (let tile = 0; tile < tiles; tile += 1) {
      const x = (tile % columns) * tileWidth + 4;
      const y = Math.floor(tile / columns) * tileHeight + 4;
      const inside = `crop=${tileWidth - 8}:${tileHeight - 8}:${x}:${y}`;
      colours.push(await averageColour(file, inside));
    }
    return colours;
  }

  test('shows the picture of each interval where every second has a key picture', async () => {
    const source = await coloured(25);
    const { facts, task } = await planOf(source);
    expect(facts.video?.keyFrameSeconds).toBe(1);
    expect(task.keyFramesOnly).toBe(true);
    expect(await tilesOf(source, task)).toEqual(COLOURS);
  });

  test('shows it also where there is only one key picture', async () => {
    const source = await coloured(1000);
    const { facts, task } = await planOf(source);
    expect(facts.video?.keyFrameSeconds).toBeUndefined();
    expect(task.keyFramesOnly).toBe(false);
    expect(await tilesOf(source, task)).toEqual(COLOURS);
  });

  test('has rows, and repeats the last picture where the source ends early', async () => {
    const source = await coloured(25);
    const { task } = await planOf(source);
    const layout = { ...task.layout, columns: 3, tiles: 8 };
    expect(await tilesOf(source, { ...task, layout })).toEqual([...COLOURS, 'blue', 'blue']);
  });
});
