import type { Page } from 'puppeteer-core';

export interface ReadImage {
  readonly status: number;
  readonly type: string | null;
  /** `x-image-fallback`. */
  readonly fallback: string | null;
  readonly width: number;
  readonly height: number;
  /** Name of the average colour of each picture, or of each place in the first one. */
  readonly frames: readonly string[];
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Decodes an image of the page's origin, or the bytes of a JPEG, with the browser's own decoder. */
export async function readImage(
  page: Page,
  image: string | Buffer,
  places: readonly Place[] = [],
): Promise<ReadImage> {
  const source =
    typeof image === 'string' ? image : `data:image/jpeg;base64,${image.toString('base64')}`;
  return page.evaluate(decodeInPage, source, places);
}

/** Runs in the page. */
async function decodeInPage(source: string, places: readonly Place[]): Promise<ReadImage> {
  // The page's policy forbids to fetch data: addresses.
  const response = source.startsWith('data:') ? undefined : await fetch(source);
  const bytes =
    response === undefined
      ? Uint8Array.from(atob(source.split(',')[1] ?? ''), (letter) => letter.charCodeAt(0))
      : new Uint8Array(await response.arrayBuffer());
  const type = response === undefined ? 'image/jpeg' : response.headers.get('content-type');
  const decoder = new ImageDecoder({ data: bytes, type: type ?? '' });
  await decoder.tracks.ready;
  await decoder.completed;
  const count = decoder.tracks.selectedTrack?.frameCount ?? 0;
  const frames: string[] = [];
  let size = { width: 0, height: 0 };
  for (let frameIndex = 0; frameIndex < count; frameIndex += 1) {
    const { image } = await decoder.decode({ frameIndex });
    size = { width: image.displayWidth, height: image.displayHeight };
    const whole = { x: 0, y: 0, ...size };
    for (const place of places.length > 0 ? places : [whole]) frames.push(colourOf(image, place));
    image.close();
  }
  return {
    status: response?.status ?? 200,
    type,
    fallback: response?.headers.get('x-image-fallback') ?? null,
    ...size,
    frames,
  };

  function colourOf(image: VideoFrame, { x, y, width, height }: Place): string {
    const context = new OffscreenCanvas(1, 1).getContext('2d');
    if (context === null) return '';
    context.imageSmoothingQuality = 'high';
    // The middle of it: edges bleed into each other in a JPEG.
    const middle = [x + width / 4, y + height / 4, width / 2, height / 2] as const;
    context.drawImage(image, ...middle, 0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
    const names = { red: '255,0,0', lime: '0,255,0', blue: '0,0,255', white: '255,255,255' };
    const snap = (value: number): number => Math.round(value / 255) * 255;
    const isClear = [red, green, blue].every((value) => Math.abs(value - snap(value)) < 50);
    const key = [red, green, blue].map(snap).join(',');
    const found = Object.entries(names).find(([, value]) => isClear && value === key);
    return found?.[0] ?? `${red},${green},${blue}`;
  }
}
