/** Small pictures of a whole video in one sheet. Lengths are pixels of the sheet, times seconds. */
export interface Storyboard {
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly tiles: readonly Tile[];
}

interface Tile {
  readonly startTime: number;
  readonly x: number;
  readonly y: number;
}

/** The video's storyboard; `undefined` where it has none or it cannot be had: a seek bar works without. */
export async function loadStoryboard(
  url: string,
  fetch: typeof globalThis.fetch,
): Promise<Storyboard | undefined> {
  try {
    const response = await fetch(url);
    return response.ok ? ((await response.json()) as Storyboard) : undefined;
  } catch {
    return undefined;
  }
}

/** The tile that stands for this second: the last one that has begun. */
export function tileAt({ tiles }: Storyboard, seconds: number): Tile | undefined {
  return tiles.findLast(({ startTime }) => startTime <= seconds) ?? tiles[0];
}

/** Where the middle of a box of this width may be, so that it stays within the bar. */
export function keepInside(middle: number, boxWidth: number, barWidth: number): number {
  const half = boxWidth / 2;
  if (boxWidth >= barWidth) return barWidth / 2;
  return Math.min(barWidth - half, Math.max(half, middle));
}
