import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import { ffmpeg } from '../unit/encoder-harness.ts';
import type { Encoder } from '../unit/encoder-harness.ts';
import { findBreaches, readStream } from './hls-rules.ts';
import type { ReadRendition } from './hls-rules.ts';
import { colourAt, combShare, decode, numbersOf } from './pictures.ts';
import type { Pictures } from './pictures.ts';
import type { Expectation, Recipe } from './recipe.ts';
import { Refused, transcode } from './transcode.ts';
import type { Published } from './transcode.ts';

const COLOUR_TOLERANCE = 12;
/** Of a woven bar it is 0.05. */
const COMB_SHARE = 0.01;
/** Sound is coded in whole frames, and encoders add silence at the end. */
const SOUND_TOLERANCE_SECONDS = 0.08;

/** Makes the clip, transcodes it with one task a segment and compares the result with what it must become. */
export async function checkClip(encoder: Encoder, root: string, recipe: Recipe): Promise<void> {
  const folder = await mkdtemp(join(root, 'clip-'));
  try {
    const source = await makeSource(folder, recipe);
    const { becomes } = recipe;
    const job = transcode(encoder, source, { oneSegmentPerTask: true });
    if ('refused' in becomes) {
      const refusal = await job.catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(Refused);
      expect(refusal).toMatchObject({ code: becomes.refused });
      expect((refusal as Refused).message).toMatch(becomes.because);
      return;
    }
    await checkResult(folder, await job, becomes);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeSource(folder: string, { runs, patch }: Recipe): Promise<Buffer> {
  for (const run of runs) await ffmpeg(folder, ...run);
  const file = await readFile(join(folder, runs.at(-1)?.at(-1) ?? ''));
  return patch === undefined ? file : patch(file);
}

async function checkResult(
  folder: string,
  published: Published,
  wanted: Expectation,
): Promise<void> {
  const { facts, map } = published;
  const stream = await readStream(published);
  expect(findBreaches(published, stream)).toEqual([]);
  expect(facts.video?.codec).toBe(wanted.video);
  expect(facts.audio.map(({ codec }) => codec)).toEqual(wanted.audio ?? []);
  expect(Math.abs(map.durationSeconds - wanted.seconds)).toBeLessThan(SOUND_TOLERANCE_SECONDS);
  const pictures = stream.renditions.filter(({ track }) => track.kind === 'video');
  for (const { track } of pictures) expect(track.packets).toHaveLength(wanted.frames ?? 0);
  const names = map.renditions.filter(({ kind }) => kind === 'video').map(({ name }) => name);
  if (wanted.renditions !== undefined) expect(names).toEqual(wanted.renditions);
  const top = stream.variants[0]?.video;
  if (wanted.video === undefined || top === undefined) return;
  await checkPictures(folder, top, wanted);
  if (wanted.colour !== undefined) await checkPoster(folder, published, wanted);
}

async function checkPictures(
  folder: string,
  top: ReadRendition,
  wanted: Expectation,
): Promise<void> {
  const { width, height, packets } = top.track;
  const size = `${width}x${height}`;
  if (wanted.size !== undefined) expect(size).toBe(wanted.size);
  if (wanted.rate !== undefined) {
    expect(1 / (packets[0]?.durationSeconds ?? 1)).toBeCloseTo(wanted.rate, 2);
  }
  const pictures = await decode(folder, top.file, size);
  expect(pictures.frames).toHaveLength(wanted.frames ?? 0);
  if (wanted.numbers !== undefined) expect(numbersOf(pictures)).toEqual(wanted.numbers);
  checkMarks(pictures, wanted);
  if (wanted.isSmooth !== true) return;
  const shares = pictures.frames.map((_, frame) => combShare(pictures, frame));
  expect(Math.max(...shares)).toBeLessThan(COMB_SHARE);
}

/** The poster has the same corner and colours as the video. */
async function checkPoster(
  folder: string,
  { poster }: Published,
  wanted: Expectation,
): Promise<void> {
  const size = wanted.size ?? '160x90';
  checkMarks(await decode(folder, poster, size), wanted);
}

function checkMarks(pictures: Pictures, wanted: Expectation): void {
  if (wanted.corner !== undefined) expect(whiteCorners(pictures)).toEqual([wanted.corner]);
  if (wanted.colour === undefined) return;
  const seen = colourAt(pictures, 0, 0.5, 0.5);
  const off = Math.max(...seen.map((value, n) => Math.abs(value - (wanted.colour?.[n] ?? 0))));
  const tolerance = wanted.tolerance ?? COLOUR_TOLERANCE;
  if (off > tolerance) expect(seen).toEqual(wanted.colour);
}

const CORNERS = {
  'top-left': [0.05, 0.05],
  'top-right': [0.95, 0.05],
  'bottom-left': [0.05, 0.95],
  'bottom-right': [0.95, 0.95],
} as const;

function whiteCorners(pictures: Pictures): string[] {
  return Object.entries(CORNERS).flatMap(([name, [x, y]]) =>
    Math.min(...colourAt(pictures, 0, x, y)) > 200 ? [name] : [],
  );
}
