/** What the encoder's machine lacked, by what ffmpeg wrote: no fault of the file. */
export interface MachineFault {
  /** For the person who uploaded the file. */
  readonly message: string;
  /** When the same happens again, it is over: the file needs more than there is. */
  readonly limited: boolean;
}

/** The encoder's disk is full. */
export const DISK_FULL: MachineFault = {
  message: 'The disk of the encoder is full. Make room there and run the job again.',
  limited: false,
};

/** There is not as much memory as this file needs. */
const OUT_OF_MEMORY: MachineFault = {
  message: 'The encoder ran out of memory. A smaller video helps, or an encoder with more memory.',
  limited: true,
};

const FAULTS: readonly (readonly [RegExp, MachineFault])[] = [
  [/no space left|disk quota exceeded/i, DISK_FULL],
  [
    // ffmpeg and x264; SVT-AV1; x265; the C++ library; a thread that gets no stack.
    /cannot allocate|malloc|out of memory|allocate memory failed|insufficient resources|bad_alloc|resource temporarily unavailable|RuntimeError/i,
    OUT_OF_MEMORY,
  ],
];

/** Tells whether the machine is at fault for what did not come out of a run of ffmpeg; nothing when it is not. */
export function machineFault(errors: string): MachineFault | undefined {
  return FAULTS.find(([pattern]) => pattern.test(errors))?.[1];
}
