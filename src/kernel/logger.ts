import { traceFields } from './trace-scope.ts';

const LEVELS = { debug: 10, info: 20, warn: 30, error: 40 } as const;

export type LogLevel = keyof typeof LEVELS;
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one JSON object a line, with the place in its trace. The first argument is the event: dotted, past tense (`upload.completed`). */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** False when lines of this level go nowhere: for callers to whom even the fields are dear. */
  writes(level: LogLevel): boolean;
  /** A logger that adds these fields to every line. */
  with(fields: LogFields): Logger;
}

/** Errors among the fields are written as name, message, code, stack and cause. Never pass tokens, signed URLs or bodies. */
export function createLogger(level: LogLevel, fields: LogFields = {}): Logger {
  const writes = (at: LogLevel): boolean => LEVELS[at] >= LEVELS[level];
  const write =
    (at: LogLevel) =>
    (event: string, more: LogFields = {}) => {
      if (!writes(at)) return;
      const time = new Date().toISOString();
      const line = { time, level: at, event, ...traceFields(), ...fields, ...more };
      // oxlint-disable-next-line no-console -- the one place that writes
      console.log(
        JSON.stringify(line, (_, value: unknown) =>
          value instanceof Error ? describeError(value) : value,
        ),
      );
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    writes,
    with: (more) => createLogger(level, { ...fields, ...more }),
  };
}

function describeError(error: Error): LogFields {
  const { code } = error as { code?: unknown };
  return { name: error.name, message: error.message, code, stack: error.stack, cause: error.cause };
}
