import { join } from 'node:path';

import type { Random } from './random.ts';

/** What goes wrong, and on how many attempts before all is well again. */
export interface Fault {
  readonly name: FaultName;
  /** What the script that stands in for ffmpeg is told. */
  readonly order: string;
  readonly attempts: number;
}

const ORDERS = {
  // Of ffmpeg itself.
  kill: (random) => `signal KILL ${moment(random)}`,
  crash: (random) => `signal SEGV ${moment(random)}`,
  stop: (random) => `stop ${moment(random)}`,
  'out of memory': (random) => `memory ${200_000 + random.below(150_000)}`,
  'disk full': () => 'full',
  'nothing written, exit code 0': () => 'nothing',
  'cut output, exit code 0': (random) => `cut ${random.below(100)}`,
  'damaged fragments, exit code 0': () => 'damage',
  'too few frames, exit code 0': (random) => `frames ${1 + random.below(30)}`,
  'whole output, exit code 1': () => 'fail',
  // On the way to the store and in it.
  'byte flipped on the way': () => '',
  'output lost on the way': () => '',
  'byte flipped in the store': () => '',
  'output deleted': () => '',
  'accepted output deleted': () => '',
} as const satisfies Readonly<Record<string, (random: Random) => string>>;

export type FaultName = keyof typeof ORDERS;
export const FAULT_NAMES = Object.keys(ORDERS) as FaultName[];

const MOST_ATTEMPTS = 6;
/** These make the encoder wait: for its limit, or between its own retries. */
const SLOW: ReadonlySet<FaultName> = new Set(['stop', 'byte flipped on the way']);

/** The fault of this number; a run of {@link FAULT_NAMES} in a row has each of them. */
export function faultOf(number: number, random: Random): Fault {
  const name = FAULT_NAMES[number % FAULT_NAMES.length] ?? 'kill';
  const attempts = 1 + random.below(SLOW.has(name) ? 2 : MOST_ATTEMPTS);
  return { name, attempts, order: ORDERS[name](random) };
}

function moment(random: Random): string {
  return (random.below(200) / 1000).toFixed(3);
}

/** ffmpeg with the fault that the file `order` in `folder` names. */
export function faultyFfmpeg(real: string, folder: string): string {
  return `#!/bin/bash
case "$1" in -version|-hide_banner) exec ${real} "$@" ;; esac
read -r order value moment < ${join(folder, 'order')}
export PATH=/usr/bin:/bin
case "$order" in
  signal) ${real} "$@" & sleep "$moment"; kill -"$value" $! ; kill -"$value" $$ ;;
  stop) ${real} "$@" & sleep "$value"; kill -STOP $! ; wait ;;
  memory) ulimit -v "$value"; exec ${real} "$@" ;;
  full) for n in 0 1 2 3; do ln -s /dev/full rendition-$n.mp4; done; ln -s /dev/full poster.jpg; exec ${real} "$@" ;;
  nothing) exit 0 ;;
  cut) ${real} "$@"; for f in *.mp4 *.jpg; do [ -f "$f" ] && truncate -s $(( $(stat -c %s "$f") * value / 100 )) "$f"; done; exit 0 ;;
  damage) ${real} "$@"; for f in *.mp4 *.jpg; do [ -f "$f" ] && sed -i '0,/trun/s/trun/trUn/;$s/.$//' "$f"; done; exit 0 ;;
  frames) args=("$@"); for i in "\${!args[@]}"; do [ "\${args[$i]}" = -frames:v ] && [ "$value" -lt "\${args[$((i+1))]}" ] && args[$((i+1))]=$value; done; exec ${real} "\${args[@]}" ;;
  fail) ${real} "$@"; exit 1 ;;
  *) exec ${real} "$@" ;;
esac
`;
}
