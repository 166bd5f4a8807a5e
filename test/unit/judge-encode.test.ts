import { expect, test } from 'vitest';

import {
  cleanLine,
  createErrorTail,
  withoutPaths,
} from '../../containers/transcoder/error-tail.ts';
import { judgeEncode } from '../../src/media/judge-encode.ts';
import type { EncodeOutcome } from '../../src/media/judge-encode.ts';

const GOOD: EncodeOutcome = {
  wanted: { start: 60, end: 180 },
  frames: 120,
  firstFrame: 60,
  exitCode: 0,
  errors: '',
  fromStart: false,
};

test.each<[string, Partial<EncodeOutcome>, string]>([
  ['all frames and a good end', {}, 'complete'],
  ['all frames and a bad end', { exitCode: 1 }, 'failed'],
  ['a kill', { exitCode: undefined }, 'failed'],
  ['exit code 0 without frames after a seek', { frames: 0, firstFrame: 0 }, 'read-earlier'],
  ['frames missing at the start', { frames: 100, firstFrame: 80 }, 'read-earlier'],
  ['the same, read from the start', { frames: 100, firstFrame: 80, fromStart: true }, 'malformed'],
  ['frames missing at the end', { frames: 100 }, 'malformed'],
  ['no frames at all', { frames: 0, firstFrame: 0, fromStart: true }, 'malformed'],
  ['no memory', { frames: 0, exitCode: 1, errors: 'Cannot allocate memory' }, 'failed'],
  ['a full disk', { frames: 50, exitCode: 1, errors: 'No space left on device' }, 'failed'],
  [
    'a decoder without memory, at a good end',
    { frames: 90, errors: 'get_buffer() failed: Cannot allocate memory' },
    'failed',
  ],
  ['all frames, a little memory short', { errors: 'Cannot allocate memory' }, 'complete'],
  [
    'no decoder',
    { frames: 0, fromStart: true, exitCode: 1, errors: 'Decoder (codec av1) not found' },
    'unsupported',
  ],
])('%s', (_name, change, verdict) => {
  expect(judgeEncode({ ...GOOD, ...change })).toHaveProperty('verdict', verdict);
});

test('paths and addresses are taken out of errors', () => {
  expect(
    withoutPaths('[mov @ 0x55d0c0] file:job/source: /tmp/a-1/task-x/rendition-0.mp4: no'),
  ).toBe('[mov] <source>: <path>: no');
});

test('what is not the same on the next attempt may be tried more often', () => {
  const judge = (change: Partial<EncodeOutcome>): unknown => judgeEncode({ ...GOOD, ...change });
  const noMemory = { frames: 0, exitCode: 1, errors: 'malloc of size 44329344 failed' };
  expect(judge(noMemory)).toMatchObject({ verdict: 'failed', limited: true });
  const noRoom = { frames: 50, exitCode: 1, errors: 'av_interleaved_write_frame(): No space left' };
  expect(judge(noRoom)).toMatchObject({ verdict: 'failed', limited: false });
});

test('pictures that were mostly made up are damage, though none is missing', () => {
  expect(judgeEncode({ ...GOOD, exitCode: 69 })).toHaveProperty('verdict', 'malformed');
});

test('a line of errors is of bounded length and without control characters', () => {
  expect(cleanLine(`\u001B[31mred\u0007\u202E ${'x'.repeat(5000)}`)).toMatch(
    /^\[31mred {1,2}x{200,300}$/,
  );
});

test('what ffmpeg says again and again is kept once, the latest last', () => {
  const tail = createErrorTail();
  for (let again = 0; again < 50; again += 1) {
    for (const line of ['first', 'second', 'Last message repeated 3 times', '', 'third'])
      tail.add(line);
  }
  tail.add('second');
  expect(tail.text()).toBe('first\nthird\nsecond');
});
