import { describe, expect, test } from 'vitest';

import { keepInside, loadStoryboard, tileAt } from '../../web/src/storyboard.ts';

const STORYBOARD = {
  tileWidth: 160,
  tileHeight: 90,
  tiles: [0, 2, 4].map((startTime, index) => ({ startTime, x: index * 160, y: 0 })),
};

describe('tileAt', () => {
  test.each([
    [0, 0],
    [1.99, 0],
    [2, 160],
    [99, 320],
    [-1, 0],
  ])('the tile at %d s lies at %d', (seconds, x) => {
    expect(tileAt(STORYBOARD, seconds)?.x).toBe(x);
  });

  test('an empty storyboard has none', () => {
    expect(tileAt({ ...STORYBOARD, tiles: [] }, 1)).toBeUndefined();
  });
});

describe('keepInside', () => {
  test.each([
    [0, 80],
    [500, 500],
    [1000, 920],
  ])('a box of 160 above %d of a bar of 1000 has its middle at %d', (middle, expected) => {
    expect(keepInside(middle, 160, 1000)).toBe(expected);
  });

  test('a box that is too wide stands in the middle', () => {
    expect(keepInside(0, 160, 100)).toBe(50);
  });
});

describe('loadStoryboard', () => {
  test('reads what the server says', async () => {
    expect(await loadStoryboard('/x', async () => Response.json(STORYBOARD))).toEqual(STORYBOARD);
  });

  test.each<[string, typeof fetch]>([
    ['a refusal', async () => Response.json({ code: 'request.not_found' }, { status: 404 })],
    ['no connection', async () => Promise.reject(new TypeError('failed'))],
    ['another file', async () => new Response('<html>')],
  ])('%s means that there is none', async (_, answer) => {
    expect(await loadStoryboard('/x', answer)).toBeUndefined();
  });
});
