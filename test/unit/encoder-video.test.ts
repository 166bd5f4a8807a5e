import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { SourceFacts } from '../../src/contracts/media.ts';
import type { TaskSpec } from '../../src/contracts/task-protocol.ts';
import { readInit } from '../../src/media/codec-string.ts';
import { frameTicks } from '../../src/media/ffmpeg-arguments.ts';
import { readFragmentHeader } from '../../src/media/fmp4-fragment.ts';
import {
  encode,
  ffmpeg,
  numbered,
  planTasks,
  probe,
  readNumbers,
  saveJoined,
  startEncoder,
  totalFrames,
} from './encoder-harness.ts';
import type { Encoder, Rendered } from './encoder-harness.ts';

const RUNGS = [
  { name: 'high', width: 160, height: 90, maxBitrateBps: 800_000, level: 31 },
  { name: 'low', width: 80, height: 44, maxBitrateBps: 300_000, level: 30 },
];
const X264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '90'];

let folder: string;
let encoder: Encoder;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoder-video-'));
  encoder = await startEncoder(folder);
});
afterAll(async () => {
  await encoder.close();
  await rm(folder, { recursive: true, force: true });
});

interface Ladder {
  readonly facts: SourceFacts;
  readonly tasks: readonly { readonly start: number; readonly end: number }[][];
  readonly outputs: Rendered[][];
  readonly high: Buffer[];
  readonly numbers: number[];
}

/** Probes the file, plans it, encodes all tasks and decodes the joined top rendition. */
async function encodeAll(file: string, rungs = RUNGS): Promise<Ladder> {
  const source = await readFile(join(folder, file));
  const facts = await probe(encoder, source);
  if (facts.video === undefined) throw new Error('no video');
  const tasks = planTasks(totalFrames(facts), facts.video.frameRate);
  const outputs: Rendered[][] = [];
  for (const [index, segments] of tasks.entries()) {
    const task: TaskSpec = {
      kind: 'video',
      facts: facts.video,
      renditions: rungs,
      segments,
      isLast: index === tasks.length - 1,
    };
    outputs.push(await encode(encoder, source, task));
  }
  const high = outputs.flatMap(([first]) => first?.segments ?? []);
  await saveJoined(join(folder, 'joined.mp4'), outputs[0]?.[0]?.init ?? Buffer.alloc(0), high);
  return { facts, tasks, outputs, high, numbers: await readNumbers(folder, 'joined.mp4') };
}

function counting(frames: number): number[] {
  return Array.from({ length: frames }, (_, index) => index);
}

describe.each([
  ['30', 9.5, 285],
  ['24000/1001', 8, 192],
  ['60', 7, 420],
  ['25', 6.52, 163],
  ['30000/1001', 7, 210],
])('a source of %s frames a second', (rate, seconds, frames) => {
  let ladder: Ladder;

  beforeAll(async () => {
    await ffmpeg(folder, '-f', 'lavfi', '-i', numbered(rate, seconds), ...X264, 'numbered.mp4');
    ladder = await encodeAll('numbered.mp4');
  }, 60_000);

  test('gives every frame once over all tasks', () => {
    expect(totalFrames(ladder.facts)).toBe(frames);
    expect(ladder.numbers).toEqual(counting(frames));
  });

  test('has one init segment a rendition, the same in every task', () => {
    for (const rung of [0, 1]) {
      const inits = new Set(ladder.outputs.map((output) => output[rung]?.init.toString('hex')));
      expect(inits.size).toBe(1);
    }
    const [first] = ladder.outputs;
    expect(readInit(first?.[0]?.init ?? Buffer.alloc(0))).toMatchObject({
      codecs: 'avc1.64001F',
      width: 160,
      height: 90,
    });
    expect(readInit(first?.[1]?.init ?? Buffer.alloc(0))).toMatchObject({ codecs: 'avc1.64001E' });
  });

  test('has segments of exact length that follow each other and begin with a key frame', () => {
    const ticks = frameTicks(ladder.facts.video?.frameRate ?? { numerator: 1, denominator: 1 });
    expect(Number.isInteger(ticks)).toBe(true);
    const planned = ladder.tasks.flat();
    expect(ladder.high).toHaveLength(planned.length);
    for (const [index, { start, end }] of planned.entries()) {
      expect(readFragmentHeader(ladder.high[index] ?? Buffer.alloc(0))).toMatchObject({
        baseMediaDecodeTime: start * ticks,
        sampleCount: end - start,
        durationTicks: (end - start) * ticks,
        firstSampleIsSync: true,
      });
    }
  });
});

describe('one task of several segments', () => {
  test('begins each segment, of whatever length, with a key frame', async () => {
    await ffmpeg(folder, '-f', 'lavfi', '-i', numbered('30', 7), ...X264, 'several.mp4');
    const source = await readFile(join(folder, 'several.mp4'));
    const facts = await probe(encoder, source);
    if (facts.video === undefined) throw new Error('no video');
    const segments = [
      { start: 33, end: 80 },
      { start: 80, end: 181 },
      { start: 181, end: 187 },
    ];
    const task: TaskSpec = {
      kind: 'video',
      facts: facts.video,
      renditions: RUNGS,
      segments,
      isLast: false,
    };
    const [high] = await encode(encoder, source, task);
    for (const [index, segment] of (high?.segments ?? []).entries()) {
      await saveJoined(join(folder, 'one.mp4'), high?.init ?? Buffer.alloc(0), [segment]);
      const { start, end } = segments[index] ?? { start: 0, end: 0 };
      const wanted = counting(end).slice(start);
      expect(await readNumbers(folder, 'one.mp4')).toEqual(wanted);
    }
    expect(high?.segments).toHaveLength(3);
  });
});

describe('odd sources', () => {
  const make = (...args: string[]): Promise<void> => ffmpeg(folder, ...args);
  const lavfi = (seconds: number, rate = '30'): string[] => [
    '-f',
    'lavfi',
    '-i',
    numbered(rate, seconds),
  ];

  test('VP9 in WebM', async () => {
    await make(
      ...lavfi(7, '25'),
      '-c:v',
      'libvpx-vp9',
      '-deadline',
      'realtime',
      '-g',
      '60',
      'a.webm',
    );
    expect((await encodeAll('a.webm')).numbers).toEqual(counting(175));
  });

  test.each([
    ['bt470bg', 'gamma28'],
    ['bt470bg', 'bt709'],
    ['smpte170m', 'smpte170m'],
    ['bt709', 'bt709'],
    ['fcc', 'gamma22'],
    ['smpte240m', 'smpte240m'],
    ['bt2020nc', 'bt2020-10'],
    ['ycgco', 'iec61966-2-1'],
  ])('colours marked %s with %s', async (space, transfer) => {
    const marks = ['-colorspace', space, '-color_primaries', 'bt709', '-color_trc', transfer];
    await make(...lavfi(1), ...X264, ...marks, 'colour.mp4');
    expect((await encodeAll('colour.mp4')).numbers).toEqual(counting(30));
  });

  test('a transport stream that begins late', async () => {
    await make(...lavfi(7), ...X264, '-bf', '2', '-output_ts_offset', '5', 'a.ts');
    expect((await encodeAll('a.ts')).numbers).toEqual(counting(210));
  });

  test('Matroska that begins late', async () => {
    await make(...lavfi(7), ...X264, '-bf', '2', '-output_ts_offset', '5', 'late.mkv');
    expect((await encodeAll('late.mkv')).numbers).toEqual(counting(210));
  });

  test('AVI with MPEG-4', async () => {
    await make(...lavfi(7, '25'), '-c:v', 'mpeg4', '-q:v', '3', 'a.avi');
    expect((await encodeAll('a.avi')).numbers).toEqual(counting(175));
  });

  test('MP4 with B-frames, open groups and an edit list', async () => {
    const open = ['-x264-params', 'open-gop=1:keyint=50', '-bf', '3', '-preset', 'medium'];
    await make(...lavfi(7), '-c:v', 'libx264', ...open, '-pix_fmt', 'yuv420p', 'open.mp4');
    expect((await encodeAll('open.mp4')).numbers).toEqual(counting(210));
  });

  test('pictures that begin after the sound are filled up with the first one', async () => {
    const sound = ['-f', 'lavfi', '-i', 'sine=d=7.5'];
    const late = ['-fps_mode', 'passthrough', '-c:a', 'aac', 'late.mp4'];
    await make('-itsoffset', '0.5', ...lavfi(7), ...sound, ...X264, ...late);
    const { facts, numbers } = await encodeAll('late.mp4');
    expect(facts.video?.startSeconds).toBeCloseTo(0.5, 2);
    expect(numbers).toEqual([...Array.from({ length: 15 }, () => 0), ...counting(210)]);
  });

  test('a variable frame rate with held pictures', async () => {
    const drop = "select='not(between(n,70,129))*not(eq(mod(n,7),3))'";
    await make(...lavfi(8), '-vf', drop, '-fps_mode', 'vfr', ...X264, 'vfr.mp4');
    const { facts, numbers } = await encodeAll('vfr.mp4');
    expect(facts.video?.frameRate).toEqual({ numerator: 30, denominator: 1 });
    let held = 0;
    const wanted = counting(240).map((n) => {
      if (!(n >= 70 && n <= 129) && n % 7 !== 3) held = n;
      return held;
    });
    expect(numbers).toEqual(wanted.slice(0, numbers.length));
    expect(numbers.length).toBeGreaterThanOrEqual(239);
  });

  test('two pictures a second', async () => {
    await make(...lavfi(8, '2'), ...X264, 'slow.mp4');
    const { facts, numbers } = await encodeAll('slow.mp4');
    expect(facts.video?.frameRate).toEqual({ numerator: 5, denominator: 1 });
    expect(numbers).toHaveLength(40);
    expect(new Set(numbers).size).toBe(16);
  });

  test('120 frames a second become 60', async () => {
    await make(...lavfi(4, '120'), ...X264, 'fast.mp4');
    const { numbers } = await encodeAll('fast.mp4');
    expect(numbers).toHaveLength(240);
    expect(new Set(numbers).size).toBe(240);
  });

  test('odd size, rotated, 4:4:4, 10 bit', async () => {
    const picture = ['-f', 'lavfi', '-i', 'testsrc=s=161x121:r=30:d=3'];
    await make(...picture, '-c:v', 'libx264', '-pix_fmt', 'yuv444p10le', 'odd.mp4');
    await make('-i', 'odd.mp4', '-c', 'copy', '-metadata:s:v:0', 'rotate=90', 'turned.mp4');
    const rungs = [{ name: 'p', width: 120, height: 160, maxBitrateBps: 500_000, level: 30 }];
    const { facts, outputs } = await encodeAll('turned.mp4', rungs);
    expect(facts.video).toMatchObject({ width: 121, height: 161 });
    expect(facts.video?.rotation).toSatisfy((turn: number) => turn === 90 || turn === 270);
    expect(outputs.flatMap(([first]) => first?.segments ?? [])).toHaveLength(2);
  });

  test('HDR becomes SDR', async () => {
    const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=30:d=2'];
    const tags = 'colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=none';
    const hevc = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', tags];
    await make(...picture, ...hevc, '-pix_fmt', 'yuv420p10le', 'hdr.mp4');
    const { facts, numbers } = await encodeAll('hdr.mp4');
    expect(facts.video).toMatchObject({ codec: 'hevc', hdr: true, colorSpace: 'bt2020nc' });
    expect(numbers).toHaveLength(60);
  });

  test('interlaced pictures keep their count', async () => {
    const weave = ['-vf', 'interlace', '-flags', '+ilme+ildct', '-c:v', 'mpeg2video', '-q:v', '4'];
    await make(...lavfi(4, '50'), ...weave, 'field.ts');
    const { facts, numbers } = await encodeAll('field.ts');
    expect(facts.video).toMatchObject({ interlaced: true, frameRate: { numerator: 25 } });
    expect(numbers).toHaveLength(100);
  });

  test('one picture that stands for ten seconds', async () => {
    const sound = ['-f', 'lavfi', '-i', 'sine=d=10', '-c:a', 'aac'];
    const still = ['-f', 'lavfi', '-i', numbered('1/10', 10), ...sound, ...X264];
    await make(...still, '-fps_mode', 'passthrough', 'slide.mp4');
    const { facts, numbers } = await encodeAll('slide.mp4');
    expect(facts.video?.packets).toBe(1);
    expect(numbers).toEqual(Array.from({ length: 50 }, () => 0));
  });
});
