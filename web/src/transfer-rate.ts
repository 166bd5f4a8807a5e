const WINDOW_MS = 8_000;
const LEAST_MS = 400;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** Bytes a second over the last few seconds; undefined until enough was seen. */
export interface TransferRate {
  add(now: number, bytes: number): void;
  bytesPerSecond(): number | undefined;
}

/** Measures a transfer from its running total. A total that falls (a part sent again) starts the measure anew. */
export function createTransferRate(): TransferRate {
  let samples: Sample[] = [];
  return {
    add(now, bytes) {
      const last = samples.at(-1);
      if (last !== undefined && bytes < last.bytes) samples = [];
      samples.push({ at: now, bytes });
      samples = samples.filter((sample) => now - sample.at <= WINDOW_MS);
    },
    bytesPerSecond() {
      const [first, last] = [samples[0], samples.at(-1)];
      if (first === undefined || last === undefined) return undefined;
      const elapsedMs = last.at - first.at;
      if (elapsedMs < LEAST_MS) return undefined;
      return ((last.bytes - first.bytes) * 1000) / elapsedMs;
    },
  };
}
