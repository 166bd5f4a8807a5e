import type { VideoCodec } from '../../src/contracts/profile.ts';
import type { StopCause } from './exit-cause.ts';

/** One run of ffmpeg or ffprobe. */
export interface EngineRun {
  readonly program: 'ffmpeg' | 'ffprobe';
  readonly arguments: readonly string[];
  /** Working directory: what the arguments name as output appears here. */
  readonly folder: string;
  /** The file that the arguments know as `SOURCE_PATH`. */
  readonly sourceFile?: string;
  readonly signal: AbortSignal;
  readonly cpuSeconds: number;
  readonly maxFileBytes: number;
  /** Address space; without it, what a 4K ladder needs. */
  readonly memoryBytes?: number;
  /** Each line of standard output; of a very long one only the beginning. */
  readonly onLine?: (line: string) => void;
}

/** How a run ended. The code is never a reason to believe in the output. */
export interface EngineExit {
  /** `undefined` when it did not end by itself. */
  readonly code: number | undefined;
  /** Why it did not end by itself. */
  readonly stoppedBy?: StopCause;
  /** The last lines of standard error, without paths. */
  readonly errors: string;
}

/** Something that runs ffmpeg: an installed program or the WebAssembly build. */
export interface EncoderEngine {
  /** With version, part of a job's fingerprint: `ffmpeg 5.1.9 (native)`. */
  readonly name: string;
  /** How far a hostile file is shut in, and what would be better, for operators. */
  readonly sandbox: string;
  readonly maxSourceBytes: number;
  /** Codecs that this engine cannot decode. */
  readonly missingCodecs: ReadonlySet<string>;
  readonly canEncodeHdr: boolean;
  /** Shorter side of the largest rendition that it makes in bearable time. */
  readonly maxShortSide?: number;
  readonly encoders: readonly VideoCodec[];
  /** Resolves when the run has ended; rejects with the signal's reason when it was aborted. */
  run(run: EngineRun): Promise<EngineExit>;
}
