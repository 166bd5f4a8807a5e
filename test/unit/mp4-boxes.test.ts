import { expect, test } from 'vitest';

import { findBox, getBox, listBoxes, readBoxHeader, viewOf } from '../../src/media/mp4-boxes.ts';

function box(type: string, ...children: Uint8Array[]): Uint8Array {
  const size = 8 + children.reduce((sum, child) => sum + child.length, 0);
  const bytes = new Uint8Array(size);
  viewOf(bytes).setUint32(0, size);
  bytes.set(new TextEncoder().encode(type), 4);
  let at = 8;
  for (const child of children) {
    bytes.set(child, at);
    at += child.length;
  }
  return bytes;
}

test('lists boxes and follows a path', () => {
  const bytes = box('moov', box('free'), box('trak', box('tkhd', new Uint8Array(4))));
  expect(listBoxes(viewOf(bytes)).map(({ type }) => type)).toEqual(['moov']);
  expect(getBox(viewOf(bytes), ['moov', 'trak', 'tkhd'])).toEqual({
    type: 'tkhd',
    start: 24,
    bodyStart: 32,
    end: 36,
  });
  expect(findBox(viewOf(bytes), ['moov', 'udta'])).toBeUndefined();
  expect(() => getBox(viewOf(bytes), ['moov', 'udta'])).toThrow('moov/udta');
});

test('reads a view that begins inside its buffer', () => {
  const padded = new Uint8Array([1, 2, 3, ...box('free', new Uint8Array(2))]);
  expect(listBoxes(viewOf(padded.subarray(3)))).toHaveLength(1);
});

test('reads 64-bit sizes and a box that reaches to the end', () => {
  const large = new Uint8Array(20);
  large.set(box('mdat'));
  viewOf(large).setUint32(0, 1);
  viewOf(large).setBigUint64(8, 20n);
  expect(readBoxHeader(viewOf(large), 0, 20)).toEqual({ type: 'mdat', headerLength: 16, size: 20 });
  viewOf(large).setUint32(0, 0);
  expect(readBoxHeader(viewOf(large), 0, 20)).toEqual({ type: 'mdat', headerLength: 8, size: 20 });
});

test.each([
  ['a header that is cut off', [0, 0, 0, 8, 102, 114]],
  ['a box smaller than its header', [0, 0, 0, 7, 102, 114, 101, 101]],
  ['a box past the end', [0, 0, 0, 9, 102, 114, 101, 101]],
  ['a 64-bit header that is cut off', [0, 0, 0, 1, 102, 114, 101, 101, 0, 0]],
  ['an impossible size', [0, 0, 0, 1, 102, 114, 101, 101, 255, 0, 0, 0, 0, 0, 0, 0]],
])('refuses %s', (_name, bytes) => {
  expect(() => listBoxes(viewOf(new Uint8Array(bytes)))).toThrow(/at byte 0/);
});
