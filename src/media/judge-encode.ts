import { machineFault } from './machine-fault.ts';

/** What one rendition came out as, next to what was asked. Frames count on the absolute grid. */
export interface EncodeOutcome {
  readonly wanted: { readonly start: number; readonly end: number };
  /** Frames in the output; 0 when there is no output. */
  readonly frames: number;
  /** Number of the first frame; a fraction when it is off the grid. */
  readonly firstFrame: number;
  /** The exit code; `undefined` when ffmpeg was killed. */
  readonly exitCode: number | undefined;
  readonly errors: string;
  /** True when the task read from the start of the file, so that nothing before it can be missing. */
  readonly fromStart: boolean;
}

export type EncodeVerdict =
  | { readonly verdict: 'complete' }
  /** Begin to read earlier: the seek came out behind the first frame. */
  | { readonly verdict: 'read-earlier' }
  /** The source is at fault: trying again ends the same way. */
  | { readonly verdict: 'malformed'; readonly message: string }
  | { readonly verdict: 'unsupported'; readonly message: string }
  /** The machine is at fault; `limited`: unless the same happens again. */
  | { readonly verdict: 'failed'; readonly message: string; readonly limited: boolean };

/** ffmpeg ends with this code when most of the packets could not be decoded, however many pictures came out. */
const MOSTLY_UNDECODABLE = 69;
/** What ffmpeg says of a command line of ours that it does not understand: no fault of the source. */
const OUR_FAULT =
  /undefined constant|error (?:initializing|parsing|applying) (?:filter|complex|option)|unrecognized option|error setting option|no such filter|option .* not found/i;
const NO_DECODER = /decoder .*not found|not on whitelist|codec not currently supported/i;

/** Believes the frames, never the exit code: a run counts only when every frame is there and ffmpeg ended well. */
export function judgeEncode(outcome: EncodeOutcome): EncodeVerdict {
  const { wanted, frames, firstFrame, exitCode, errors, fromStart } = outcome;
  const isComplete = frames === wanted.end - wanted.start && firstFrame === wanted.start;
  if (isComplete && exitCode === 0) return { verdict: 'complete' };
  if (exitCode === undefined) return failed('The encoder was stopped by a limit of the machine.');
  // A decoder without memory leaves pictures out and goes on to a good end.
  const fault = machineFault(errors);
  if (fault !== undefined) return { verdict: 'failed', ...fault };
  if (exitCode === MOSTLY_UNDECODABLE) {
    return { verdict: 'malformed', message: 'Most of the file cannot be decoded: it is damaged.' };
  }
  if (isComplete || (frames === 0 && OUR_FAULT.test(errors))) {
    return failed('The encoder reported an error.');
  }
  if (!fromStart && (frames === 0 || firstFrame !== wanted.start))
    return { verdict: 'read-earlier' };
  if (frames === 0) return nothingDecoded(errors);
  return {
    verdict: 'malformed',
    message: 'A part of the file cannot be decoded: it is damaged or ends too early.',
  };
}

function failed(message: string): EncodeVerdict {
  return { verdict: 'failed', message, limited: true };
}

function nothingDecoded(errors: string): EncodeVerdict {
  if (NO_DECODER.test(errors)) {
    return { verdict: 'unsupported', message: 'The file is coded in a way that is not supported.' };
  }
  return { verdict: 'malformed', message: 'The file cannot be decoded: it is damaged.' };
}
