import { expect, test } from 'vitest';

import {
  NON_SYNC_SAMPLE_FLAGS,
  parseMoof,
  readFragmentHeader,
  SYNC_SAMPLE_FLAGS,
  writeFragmentHeader,
} from '../../src/media/fmp4-fragment.ts';
import type { FragmentPlan } from '../../src/media/fmp4-fragment.ts';

const PLAN: FragmentPlan = {
  sequenceNumber: 7,
  trackId: 1,
  baseMediaDecodeTime: 2 ** 33,
  samples: [
    { size: 100, duration: 3000, flags: SYNC_SAMPLE_FLAGS, compositionOffset: 0 },
    { size: 30, duration: 3000, flags: NON_SYNC_SAMPLE_FLAGS, compositionOffset: 6000 },
    { size: 20, duration: 3000, flags: NON_SYNC_SAMPLE_FLAGS, compositionOffset: -3000 },
  ],
};

test('reads back what it wrote, negative composition offsets too', () => {
  const { bytes, moofLength } = writeFragmentHeader(PLAN);
  const fragment = parseMoof(bytes.subarray(0, moofLength));
  const offsets = [0, 100, 130].map((offset) => offset + moofLength + 8);
  expect(fragment).toEqual({
    sequenceNumber: 7,
    trackId: 1,
    baseMediaDecodeTime: 2 ** 33,
    samples: PLAN.samples.map((sample, index) => ({ ...sample, offset: offsets[index] })),
  });
});

test('tells a stored segment by its first bytes', () => {
  const { bytes, moofLength } = writeFragmentHeader(PLAN);
  expect(readFragmentHeader(bytes)).toEqual({
    sequenceNumber: 7,
    sampleCount: 3,
    durationTicks: 9000,
    baseMediaDecodeTime: 2 ** 33,
    firstSampleIsSync: true,
    firstSampleEnd: 244,
    moofLength,
    mdatLength: 158,
  });
  expect(readFragmentHeader(new Uint8Array([...bytes, ...new Uint8Array(8)]))).toHaveProperty(
    'mdatLength',
    158,
  );
});

test('refuses an "mdat" that its samples do not fill', () => {
  const { bytes, moofLength } = writeFragmentHeader(PLAN);
  new DataView(bytes.buffer).setUint32(moofLength, 157);
  expect(() => readFragmentHeader(bytes)).toThrow('do not fill');
});

test('refuses a "trun" that claims more samples than it holds', () => {
  const { bytes } = writeFragmentHeader(PLAN);
  const at = Buffer.from(bytes).indexOf('trun') + 8;
  for (const count of [4, 0xffffffff]) {
    new DataView(bytes.buffer).setUint32(at, count);
    expect(() => readFragmentHeader(bytes)).toThrow();
  }
});

test('every cut of a segment header is an error, never a wrong answer', () => {
  const { bytes } = writeFragmentHeader(PLAN);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => readFragmentHeader(bytes.subarray(0, length))).toThrow();
  }
});

test('every changed byte is an error or an answer, never a hang or a huge allocation', () => {
  const { bytes } = writeFragmentHeader(PLAN);
  for (let index = 0; index < bytes.length; index++) {
    for (const value of [0, 1, 127, 255]) {
      const changed = bytes.slice();
      changed[index] = value;
      try {
        expect(readFragmentHeader(changed).sampleCount).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect(['Mp4FormatError', 'RangeError']).toContain((error as Error).name);
      }
    }
  }
});

test('refuses a segment of 2 GiB', () => {
  const [sample] = PLAN.samples;
  if (sample === undefined) throw new Error('no sample');
  const samples = [{ ...sample, size: 2 ** 31 - 1 }];
  expect(() => writeFragmentHeader({ ...PLAN, samples })).toThrow('2 GiB');
});
