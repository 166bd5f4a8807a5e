import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

/** Reads the command line. A mistake ends the program with a sentence that points to `--help`. */
export function readCommandLine<T extends ParseArgsConfig>(
  config: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** A TCP port from the command line. */
export function readPort(value: string): number {
  const port = Number(value);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  return refuse(`--port takes a number from 1 to 65535, not "${value}".`);
}

/** Ends the program with a sentence that points to `--help`. */
export function refuse(sentence: string): never {
  console.error(`${sentence}\nSee --help.`);
  process.exit(2);
}
