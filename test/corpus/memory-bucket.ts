interface Range {
  readonly offset: number;
  readonly length: number;
}

/** As much of an R2 bucket as the verification of an output reads. */
export function memoryBucket(objects: ReadonlyMap<string, Buffer>): R2Bucket {
  const bucket = {
    get: async (key: string, { range }: { range?: Range } = {}) => {
      const whole = objects.get(key);
      if (whole === undefined) return null;
      const { offset, length } = range ?? { offset: 0, length: whole.length };
      const bytes = Uint8Array.from(whole.subarray(offset, offset + length));
      return { size: whole.length, body: [bytes], arrayBuffer: async () => bytes.buffer };
    },
  };
  return bucket as unknown as R2Bucket;
}
