import { machineFault } from '../../src/media/machine-fault.ts';
import type { StopCause } from './exit-cause.ts';
import { TaskError } from './task-failure.ts';

const STOPPED: Readonly<Record<StopCause, (detail: string) => TaskError>> = {
  cpu: (detail) =>
    suspect(
      'The file takes far more work than a video of its size should: it is damaged or made to do harm. Export it again.',
      detail || 'stopped by the limit of CPU time',
    ),
  crash: (detail) =>
    suspect('ffmpeg crashed on this file: it is damaged. Export it again.', detail),
  output: (detail) => outputTooLarge(detail || 'stopped by the limit of file size'),
  killed: (detail) =>
    new TaskError(
      'ERR_UNKNOWN',
      'ffmpeg was killed, as happens when the machine of the encoder runs out of memory.',
      { detail, retryable: true },
    ),
};

/** A run that did not end by itself: a limit or a crash speaks against the file when it happens again, a kill does not. */
export function stoppedRun(cause: StopCause, detail: string): TaskError {
  // Encoders that get no memory often crash.
  if (cause === 'crash') return faultOfMachine(detail) ?? STOPPED.crash(detail);
  return STOPPED[cause](detail);
}

/** The failure when ffmpeg says that it had no memory or no disk; nothing when it says nothing of the kind. */
export function faultOfMachine(detail: string): TaskError | undefined {
  const fault = machineFault(detail);
  if (fault === undefined) return undefined;
  const { message, limited } = fault;
  return new TaskError('ERR_UNKNOWN', message, { detail, retryable: true, limited });
}

/** The run took longer than its limit. */
export function tookTooLong(wallMs: number): TaskError {
  return new TaskError(
    'ERR_UNKNOWN',
    'This step took longer than allowed. A smaller video or a faster encoder helps.',
    { detail: `stopped after ${Math.round(wallMs / 1000)} s`, retryable: true, limited: true },
  );
}

/** ffmpeg wrote nothing any more, no progress either. */
export function stoodStill(silenceMs: number): TaskError {
  return new TaskError('ERR_UNKNOWN', 'ffmpeg stood still on this file.', {
    detail: `no progress for ${silenceMs / 1000} s`,
    retryable: true,
    limited: true,
  });
}

/** The output passes its limit: another attempt would, too. */
export function outputTooLarge(detail: string): TaskError {
  return new TaskError('ERR_UNKNOWN', 'The encoded video came out larger than allowed.', {
    detail,
  });
}

/** The file has more packets than any video. */
export function tooManyPackets(lines: number): TaskError {
  return new TaskError(
    'ERR_MALFORMED_VIDEO',
    'The file claims to hold more pictures and sounds than any video: it is damaged or made to do harm.',
    { detail: `more than ${lines} packets` },
  );
}

function suspect(message: string, detail: string): TaskError {
  return new TaskError('ERR_MALFORMED_VIDEO', message, { detail, retryable: true, limited: true });
}
