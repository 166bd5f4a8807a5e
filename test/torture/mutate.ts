import type { Random } from './random.ts';

type Mutator = (file: Buffer, random: Random, others: readonly Buffer[]) => Buffer;

const MOST_CHANGES = 64;
const WORDS = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 1_000_000_000, 0x00010000];
const HEADER_SHARE = 16;

const MUTATORS: readonly Mutator[] = [
  changed((file, at, random) => file.writeUInt8((file[at] ?? 0) ^ (1 << random.below(8)), at)),
  changed((file, at, random) => file.writeUInt8(random.below(256), at)),
  changed((file, at, random) => {
    if (at + 4 <= file.length) file.writeUInt32BE(random.pick(WORDS), at);
  }),
  changed((file, at, random) => {
    if (at + 4 <= file.length) file.writeUInt32LE(random.pick(WORDS), at);
  }),
  // Cut off.
  (file, random) => file.subarray(0, 1 + random.below(file.length)),
  // A piece is missing, is there twice, or is of another file.
  (file, random) => {
    const [from, to] = range(file, random);
    return Buffer.concat([file.subarray(0, from), file.subarray(to)]);
  },
  (file, random) => {
    const [from, to] = range(file, random);
    return Buffer.concat([file.subarray(0, to), file.subarray(from)]);
  },
  (file, random, others) => {
    const other = random.pick(others);
    const [from, to] = range(other, random);
    return Buffer.concat([
      file.subarray(0, random.below(file.length)),
      other.subarray(from, to),
      file.subarray(random.below(file.length)),
    ]);
  },
  // A run of nothing.
  (file, random) => {
    const copy = Buffer.from(file);
    const [from, to] = range(file, random);
    return copy.fill(random.pick([0, 0xff]), from, to);
  },
];

/** Damages a file in one to three ways. `others` lend it pieces. */
export function mutate(file: Buffer, random: Random, others: readonly Buffer[]): Buffer {
  let damaged = file;
  for (let left = 1 + random.below(3); left > 0 && damaged.length > 0; left -= 1) {
    damaged = random.pick(MUTATORS)(damaged, random, others);
  }
  return damaged.length === 0 ? Buffer.from([0]) : damaged;
}

/** Some places are changed, half of the time near the start or the end, where the tables are. */
function changed(change: (file: Buffer, at: number, random: Random) => void): Mutator {
  return (file, random) => {
    const copy = Buffer.from(file);
    for (let left = 1 + random.below(MOST_CHANGES); left > 0; left -= 1) {
      change(copy, place(copy, random), random);
    }
    return copy;
  };
}

function place(file: Buffer, random: Random): number {
  const header = Math.max(1, Math.floor(file.length / HEADER_SHARE));
  const where = random.below(4);
  if (where === 0) return random.below(header);
  if (where === 1) return file.length - 1 - random.below(header);
  return random.below(file.length);
}

function range(file: Buffer, random: Random): [from: number, to: number] {
  const from = random.below(file.length);
  return [from, Math.min(file.length, from + 1 + random.below(Math.min(file.length, 4096)))];
}
