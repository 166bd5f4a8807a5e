/** Why a program ended that did not end by itself. */
export type StopCause = 'cpu' | 'output' | 'crash' | 'killed';

/** Shells, bubblewrap and namespaces report the end of a program by a signal as 128 plus its number. */
const SIGNAL_BASE = 128;
const SIGNALS: ReadonlyMap<string | number, StopCause> = new Map<string | number, StopCause>([
  ['SIGXCPU', 'cpu'],
  ['SIGXFSZ', 'output'],
  ['SIGKILL', 'killed'],
  ['SIGTERM', 'killed'],
  ...['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSYS', 'SIGTRAP'].map(
    (name) => [name, 'crash'] as const,
  ),
  [24, 'cpu'],
  [25, 'output'],
  [9, 'killed'],
  [15, 'killed'],
  ...[4, 5, 6, 7, 8, 11, 31].map((number) => [number, 'crash'] as const),
]);
/** ffmpeg ends with 255 after one signal and with 123 after several, the CPU limit's among them. */
const FFMPEG_SIGNALLED = new Set([123, 255]);

export interface RawExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** True when the run lasted long enough to have used up its CPU time. */
  readonly mayHaveUsedItsCpu: boolean;
}

/** The cause, or `undefined` when the program ended by itself. */
export function causeOf(exit: RawExit): StopCause | undefined {
  const { code, signal, mayHaveUsedItsCpu } = exit;
  if (signal !== null) return SIGNALS.get(signal) ?? 'killed';
  if (code === null) return 'killed';
  if (mayHaveUsedItsCpu && FFMPEG_SIGNALLED.has(code)) return 'cpu';
  return code > SIGNAL_BASE ? SIGNALS.get(code - SIGNAL_BASE) : undefined;
}
