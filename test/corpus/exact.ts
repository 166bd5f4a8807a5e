import { trimmed } from './edit-list.ts';
import { counted } from './pictures.ts';
import { counting, lavfi, OPEN_GOP, tone, X264 } from './recipe.ts';
import type { Recipe } from './recipe.ts';

const SECONDS = 7;

const RATES: readonly [rate: string, frames: number, isQuick: boolean][] = [
  ['24000/1001', 168, true],
  ['24', 168, false],
  ['25', 175, false],
  ['30000/1001', 210, true],
  ['30', 210, false],
  ['50', 350, false],
  ['60000/1001', 420, false],
  ['60', 420, true],
];

function valueOf(rate: string): number {
  const [numerator = 1, denominator = 1] = rate.split('/').map(Number);
  return numerator / denominator;
}

/** B-frames, open groups and sound; frames are counted over three tasks. */
function atRate([rate, frames, isQuick]: (typeof RATES)[number]): Recipe {
  const sources = [...lavfi(counted(rate, frames / valueOf(rate))), ...tone(SECONDS)];
  return {
    name: `${rate} frames a second, open groups, B-frames`,
    runs: [[...sources, ...OPEN_GOP, '-c:a', 'aac', 'a.mp4']],
    becomes: {
      video: 'h264',
      audio: ['aac'],
      seconds: Math.max(SECONDS, frames / valueOf(rate)),
      frames,
      rate: valueOf(rate),
      numbers: counting(frames),
    },
    isQuick,
  };
}

/** A silent clip with every picture once, whatever was done to its times. */
function once(
  name: string,
  runs: Recipe['runs'],
  wanted: {
    readonly numbers: readonly number[];
    readonly rate?: number;
    readonly audio?: string[];
  },
  isQuick = false,
): Recipe {
  const { numbers, rate = 30, audio = [] } = wanted;
  const frames = numbers.length;
  return {
    name,
    runs,
    becomes: { video: 'h264', audio, seconds: frames / rate, frames, rate, numbers },
    isQuick,
  };
}

const counted30 = lavfi(counted('30', SECONDS));
const HELD = [counting(70), counting(60).fill(69), counting(210, 130)].flat();

/** Sources whose times are not 0, 1, 2, … frames. */
const TIMES: readonly Recipe[] = [
  once(
    'times that jitter by a fifth of a frame',
    [
      [
        ...counted30,
        ...['-vf', 'settb=1/1000,setpts=(N+0.2*(2*random(1)-1))/30/TB'],
        ...['-fps_mode', 'passthrough', ...X264, 'jitter.mkv'],
      ],
    ],
    { numbers: counting(210) },
    true,
  ),
  once(
    'a variable rate with a held picture',
    [
      [
        ...counted30,
        ...['-vf', "select='not(between(n,70,129))'", '-fps_mode', 'vfr', ...X264, 'vfr.mp4'],
      ],
    ],
    { numbers: HELD },
    true,
  ),
  once(
    'an edit list that begins in the middle of a group',
    [
      [...counted30, ...OPEN_GOP, 'whole.mp4'],
      ['-ss', '0.7', '-i', 'whole.mp4', '-c', 'copy', 'edit.mp4'],
    ],
    { numbers: counting(210, 21) },
    true,
  ),
  {
    ...once(
      'a phone video trimmed without encoding, from and to the middle of a group',
      [[...counted30, ...tone(SECONDS), ...OPEN_GOP, '-c:a', 'aac', 'whole.mp4']],
      { numbers: counting(180, 81), audio: ['aac'] },
      true,
    ),
    patch: (file) => trimmed(file, 2.7, 3.3),
  },
  once(
    'a transport stream that begins after an hour',
    [[...counted30, ...OPEN_GOP, '-output_ts_offset', '3600', 'late.ts']],
    { numbers: counting(210) },
    true,
  ),
  once(
    'a transport stream whose times wrap',
    [[...counted30, ...OPEN_GOP, '-output_ts_offset', '95440.7', 'wrap.ts']],
    { numbers: counting(210) },
  ),
  once(
    'a transport stream cut in the middle of a group',
    [
      [...counted30, ...X264, 'whole.ts'],
      ['-i', 'whole.ts', '-c', 'copy', '-bsf:v', 'noise=drop=lt(n\\,50)', 'cut.ts'],
    ],
    { numbers: counting(210, 50) },
  ),
  once(
    'Matroska that begins late',
    [[...counted30, ...OPEN_GOP, '-output_ts_offset', '5', 'late.mkv']],
    { numbers: counting(210) },
  ),
  once(
    'pictures that begin 20 ms after the sound',
    [
      [...counted30, ...X264, 'pictures.mp4'],
      [...tone(SECONDS), 'sound.wav'],
      ['-itsoffset', '0.02', '-i', 'pictures.mp4', '-i', 'sound.wav', '-c', 'copy', 'late.mov'],
    ],
    { numbers: counting(210), audio: ['pcm_s16le'] },
    true,
  ),
  once(
    'pictures that begin half a second after the sound',
    [
      [
        ...['-itsoffset', '0.51', ...counted30, ...tone(SECONDS + 0.5)],
        ...[...X264, '-c:a', 'pcm_s16le', '-fps_mode', 'passthrough', 'late.mov'],
      ],
    ],
    { numbers: [...counting(15).fill(0), ...counting(210)], audio: ['pcm_s16le'] },
  ),
  once(
    'a size that changes in the middle',
    [
      [...lavfi(counted('30', 3)), ...X264, 'small.ts'],
      [...lavfi(counted('30', 4, '320x180', 90)), ...X264, '-output_ts_offset', '3', 'large.ts'],
      ['-i', 'concat:small.ts|large.ts', '-c', 'copy', 'both.ts'],
    ],
    { numbers: counting(210) },
    true,
  ),
  once(
    'one key frame in the whole file',
    [
      [
        ...counted30,
        ...OPEN_GOP,
        '-g',
        '9999',
        '-keyint_min',
        '9999',
        '-sc_threshold',
        '0',
        'one.mp4',
      ],
    ],
    { numbers: counting(210) },
    true,
  ),
  once(
    'one key frame in a whole transport stream',
    [[...counted30, ...X264, '-g', '9999', '-keyint_min', '9999', 'one.ts']],
    { numbers: counting(210) },
  ),
];

/** Every frame once and in order, at every usual rate and with every kind of times. */
export const EXACT: readonly Recipe[] = [...RATES.map(atRate), ...TIMES];
