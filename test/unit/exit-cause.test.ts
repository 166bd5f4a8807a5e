import { expect, test } from 'vitest';

import { causeOf } from '../../containers/transcoder/exit-cause.ts';
import { stoppedRun } from '../../containers/transcoder/limit-failure.ts';
import type { RawExit, StopCause } from '../../containers/transcoder/exit-cause.ts';

const END: RawExit = { code: 0, signal: null, mayHaveUsedItsCpu: false };

test.each<[string, Partial<RawExit>, StopCause | undefined]>([
  ['a good end', {}, undefined],
  ['an error', { code: 1 }, undefined],
  ['an error code above 128 that is no signal', { code: 183 }, undefined],
  ['the CPU limit', { code: null, signal: 'SIGXCPU' }, 'cpu'],
  ['the CPU limit inside a sandbox', { code: 152 }, 'cpu'],
  ['the CPU limit, caught by ffmpeg', { code: 255, mayHaveUsedItsCpu: true }, 'cpu'],
  ['255 long before the CPU limit', { code: 255 }, undefined],
  ['the file limit', { code: null, signal: 'SIGXFSZ' }, 'output'],
  ['the file limit inside a sandbox', { code: 153 }, 'output'],
  ['a crash', { code: null, signal: 'SIGSEGV' }, 'crash'],
  ['a crash inside a sandbox', { code: 139 }, 'crash'],
  ['a kill', { code: null, signal: 'SIGKILL' }, 'killed'],
  ['a kill inside a sandbox', { code: 137 }, 'killed'],
])('%s', (_name, change, cause) => {
  expect(causeOf({ ...END, ...change })).toBe(cause);
});

test('a crash for want of memory speaks of the machine, any other of the file', () => {
  const svt = 'SvtMalloc[fatal]: allocate memory failed, at Codec/EbSequenceControlSet.c:191';
  expect(stoppedRun('crash', svt).failure).toMatchObject({ code: 'ERR_UNKNOWN', limited: true });
  expect(stoppedRun('crash', svt).message).toContain('memory');
  expect(stoppedRun('crash', '').failure).toMatchObject({ code: 'ERR_MALFORMED_VIDEO' });
});
