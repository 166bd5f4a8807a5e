import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import { BOMBS, disguises, withFlippedMedia } from '../fixtures/hostile-files.ts';
import { ffmpeg, runOn, startEncoder } from './encoder-harness.ts';
import type { Encoder, Outcome } from './encoder-harness.ts';

const PROBE: TaskSpec = { kind: 'probe', maxDurationSeconds: 6 * 3600 };

let folder: string;
let encoder: Encoder;
let clip: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoder-hostile-'));
  encoder = await startEncoder(folder);
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=4', '-c:v', 'libx264'];
  await ffmpeg(folder, ...picture, '-movflags', '+faststart', 'clip.mp4');
  clip = await readFile(join(folder, 'clip.mp4'));
});
afterAll(async () => {
  await encoder.close();
  await rm(folder, { recursive: true, force: true });
});

/** The attempts of a job: what is not final may be repeated, but ends with the second attempt that a limit stops. */
async function settle(source: Buffer, task: TaskSpec): Promise<Outcome> {
  const { last } = await runOn(encoder, source, task);
  if (last.type === 'result' || !last.retryable) return last;
  expect(last.limited, JSON.stringify(last)).toBe(true);
  return (await runOn(encoder, source, task)).last;
}

function expectVerdict(last: Outcome): void {
  if (last.type === 'result') throw new Error(JSON.stringify(last.result));
  expect(last.code, JSON.stringify(last)).toMatch(
    /^ERR_(?:NON_VIDEO|MALFORMED_VIDEO|UNSUPPORTED|DURATION_EXCEED_CONSTRAINT)$/,
  );
  expect(last.message).toMatch(/^[A-Z].*\.$/);
  expect(last.detail.length).toBeLessThan(20 * 301);
  expect(last.detail).not.toMatch(/\/tmp\/|[^\P{Cc}\n]/u);
}

describe('a hostile file ends in a verdict', () => {
  test.each(BOMBS)('%s', async (_name, make) => {
    expectVerdict(await settle(await make(folder), PROBE));
  });
});

describe('text dressed as a video', () => {
  let canary: Server;
  let visits = 0;

  beforeAll(async () => {
    canary = createServer((_, response) => {
      visits += 1;
      response.end(clip);
    }).listen(0, '127.0.0.1');
    await once(canary, 'listening');
  });
  afterAll(() => canary.close());

  test('is followed to no address and no file', async () => {
    const file = join(folder, 'canary.ts');
    await ffmpeg(folder, '-i', 'clip.mp4', '-c', 'copy', 'canary.ts');
    const { port } = canary.address() as AddressInfo;
    for (const [name, text] of disguises(`http://127.0.0.1:${port}`, file)) {
      const last = await settle(Buffer.from(text), PROBE);
      expect(last, name).toMatchObject({ code: 'ERR_NON_VIDEO', retryable: false });
    }
    expect(visits).toBe(0);
  });
});

test.each([25, 50])('a file cut to %i percent is called cut', async (percent) => {
  const cut = clip.subarray(0, Math.floor((clip.length * percent) / 100));
  const last = await settle(cut, PROBE);
  expect(last).toMatchObject({ code: 'ERR_MALFORMED_VIDEO', retryable: false });
});

test.each<readonly [string, () => Buffer]>([
  ['media with every 50th byte flipped', () => withFlippedMedia(clip, 50)],
  ['media with every 3000th byte flipped', () => withFlippedMedia(clip, 3000)],
  ['a file cut to 99 percent', () => clip.subarray(0, Math.floor(clip.length * 0.99))],
])('%s ends in a verdict or plays whole', async (_name, damage) => {
  const damaged = damage();
  const probed = await settle(damaged, PROBE);
  if (probed.type === 'failure') {
    expectVerdict(probed);
    return;
  }
  const facts = probed.result.kind === 'probe' ? probed.result.facts.video : undefined;
  if (facts === undefined) throw new Error('no pictures were found');
  const encoded = await settle(damaged, {
    kind: 'video',
    facts,
    segments: [{ start: 0, end: 100 }],
    isLast: true,
    renditions: [{ name: 'p', width: 320, height: 180, maxBitrateBps: 500_000, level: 31 }],
  });
  if (encoded.type === 'failure') expectVerdict(encoded);
  else expect(encoded.result).toMatchObject({ kind: 'media', renditions: [{ segments: [{}] }] });
});

test('names of decoders that are off the list stay closed in every container', async () => {
  for (const file of ['magic.avi', 'magic.mkv', 'magic.mov']) {
    const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=64x64:r=25:d=0.4'];
    await ffmpeg(folder, ...picture, '-c:v', 'magicyuv', file);
    const last = await settle(await readFile(join(folder, file)), PROBE);
    expect(last, file).toMatchObject({ code: 'ERR_UNSUPPORTED', retryable: false });
  }
});
