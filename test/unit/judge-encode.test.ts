import { expect, test } from 'vitest';

import { withoutPaths } from '../../containers/transcoder/error-tail.ts';
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
