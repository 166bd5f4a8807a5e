import { env } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';

import { AppError } from '../../src/contracts/errors.ts';
import type { ImageOrder } from '../../src/contracts/image-task.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import type { Encoder } from '../../workers/transcoder/encoder.ts';
import { ImageMaker } from '../../workers/transcoder/image-maker.ts';
import type { ImageParts } from '../../workers/transcoder/image-maker.ts';

const logger = createLogger('error').with({ test: true });
vi.spyOn(logger, 'warn').mockReturnValue();

function anOrder(n: number): ImageOrder {
  return {
    key: `videos/u/r/images/${n}.jpg`,
    input: [
      { key: 'init', offset: 0, length: 4 },
      { key: 'segments', offset: 2, length: 3 },
    ],
    task: { format: 'jpg', firstFrame: n, width: 10, height: 10, fit: 'scale' },
  };
}

/** An encoder that answers with what it was sent. */
function partsWith(image: Encoder['image']): ImageParts {
  const unused = async (): Promise<never> => Promise.reject(new Error('not used'));
  return { bucket: env.MEDIA, logger, encoder: { health: unused, run: unused, image } };
}

const echo: Encoder['image'] = async (_, segments) => {
  const bytes = await new Response(segments).arrayBuffer();
  return new Response(bytes, { headers: { 'content-length': String(bytes.byteLength) } });
};

async function seed(): Promise<void> {
  await env.MEDIA.put('init', 'INIT');
  await env.MEDIA.put('segments', '..SEG...');
}

describe('the image maker', () => {
  test('sends init and segments and keeps the answer with its type', async () => {
    await seed();
    expect(await new ImageMaker().make(anOrder(1), partsWith(echo))).toBe(true);
    const kept = await env.MEDIA.get('videos/u/r/images/1.jpg');
    expect(await kept?.text()).toBe('INITSEG');
    expect(kept?.httpMetadata?.contentType).toBe('image/jpeg');
  });

  test('makes the same image once at a time and never again', async () => {
    await seed();
    const image = vi.fn(echo);
    const maker = new ImageMaker();
    const orders = Array.from({ length: 20 }, () => maker.make(anOrder(2), partsWith(image)));
    expect(new Set(await Promise.all(orders))).toEqual(new Set([true]));
    expect(await maker.make(anOrder(2), partsWith(image))).toBe(true);
    expect(image).toHaveBeenCalledTimes(1);
  });

  test('makes few at once', async () => {
    await seed();
    const maker = new ImageMaker();
    const orders = Array.from({ length: 10 }, (_, n) => maker.make(anOrder(n), partsWith(echo)));
    const made = await Promise.all(orders);
    expect(made.filter(Boolean)).toHaveLength(8);
    expect(await maker.make(anOrder(9), partsWith(echo))).toBe(true);
  });

  test('keeps nothing of an image that could not be made, and tries again', async () => {
    await seed();
    const maker = new ImageMaker();
    const refuse: Encoder['image'] = async () => new Response('no frame', { status: 422 });
    expect(await maker.make(anOrder(3), partsWith(refuse))).toBe(false);
    expect(await env.MEDIA.head('videos/u/r/images/3.jpg')).toBeNull();
    expect(await maker.make(anOrder(3), partsWith(echo))).toBe(true);
  });

  test('does not ask an encoder again that has just not answered', async () => {
    await seed();
    const gone = vi.fn<Encoder['image']>(async () => {
      throw new AppError('task.unavailable', 'nobody there');
    });
    const maker = new ImageMaker();
    expect(await maker.make(anOrder(4), partsWith(gone))).toBe(false);
    expect(await maker.make(anOrder(5), partsWith(gone))).toBe(false);
    expect(gone).toHaveBeenCalledTimes(1);
  });

  test('never keeps more than so many of one run', async () => {
    await seed();
    const maker = new ImageMaker(3);
    const other = 'videos/u/r2/images/1.jpg';
    await env.MEDIA.put(other, 'of another run');
    const kept: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      expect(await maker.make(anOrder(n), partsWith(echo))).toBe(true);
      expect(await env.MEDIA.head(anOrder(n).key)).not.toBeNull();
      kept.push((await env.MEDIA.list({ prefix: 'videos/u/r/images/' })).objects.length);
    }
    expect(Math.max(...kept)).toBe(3);
    expect(await env.MEDIA.head(other)).not.toBeNull();
  });

  test('answers false when a segment is gone', async () => {
    await env.MEDIA.put('init', 'INIT');
    await env.MEDIA.delete('segments');
    expect(await new ImageMaker().make(anOrder(6), partsWith(echo))).toBe(false);
  });
});
